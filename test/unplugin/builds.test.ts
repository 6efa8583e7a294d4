// Programs that import specs, built by each bundler and run in Node.js, as WebAssembly.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundlers } from './bundlers.ts'
import { light, Project, two } from './project.ts'

const dim = 4
const length = 5
/** Rows of a standard deviation near 1. */
const rows = (seed: number): number[] =>
  Array.from({ length: length * dim }, (_, index) => 2 * Math.sin(seed + 2.7 * index))
const [q, k, v] = [rows(1), rows(2), rows(3)]

const main = `import { create } from './light.attn'
import { sums, differences } from './two.attn'
import { create as createOne } from './two.attn?only=differences'

const call = ${JSON.stringify({ q, k, v })}
const tensors = Object.fromEntries(Object.entries(call).map(([name, rows]) => [name, Float32Array.from(rows)]))
const results = {}
for (const [name, make] of Object.entries({ light: create, sums: sums.create, differences: differences.create, one: createOne })) {
  const attention = await make({ backend: 'wasm', threads: 1 })
  results[name] = [...(await attention.forward({ ...tensors, length: ${length}, heads: 1 }))]
  const { out } = await attention.prefill({ ...tensors, length: ${length}, heads: 1 })
  results[name + ', decoding'] = [...out]
}
console.log(JSON.stringify(results))
`

/** Σ κ(q, k) v over the rows up to one, divided by Σ κ, in float64. */
function expected(sign: 1 | -1): number[] {
  const columns = Array.from({ length: dim }, (_, column) => column)
  const entry = (tensor: readonly number[] | undefined, row: number, column: number): number =>
    Math.fround(tensor?.[row * dim + column] ?? Number.NaN)
  const weight = (row: number, key: number): number =>
    Math.exp(columns.reduce((sum, t) => sum + Math.tanh(entry(q, row, t) + sign * entry(k, key, t)), 0))
  return Array.from({ length }, (_, row) => row).flatMap((row) => {
    const weights = Array.from({ length: row + 1 }, (_, key) => weight(row, key))
    const total = weights.reduce((sum, one) => sum + one, 0)
    return columns.map((t) => weights.reduce((sum, one, key) => sum + one * entry(v, key, t), 0) / total)
  })
}

/** What is in the kernels of decoding, in those for WebAssembly, and where gradients would be. */
const loadedLate = {
  decoding: 'var<storage,read>positions',
  wasm: '0061736d01',
  gradients: 'no sum of products',
}

const bad = `attention bad {
  dim:    4
  kernel: exp(dto(q, k))
}
`

let project: Project
beforeAll(async () => {
  project = await Project.with({
    'src/main.js': main,
    'src/light.attn': light('light'),
    'src/two.attn': two,
    'src/wrong.js': "import { create } from './bad.attn'\ncreate()\n",
    'src/bad.attn': bad,
    'src/missing.js': "import { create } from './two.attn?only=sum'\ncreate()\n",
  })
})
afterAll(() => project.remove())

describe.each(Object.entries(bundlers))('%s', (name, build) => {
  test('builds what agrees with float64, and keeps apart what is loaded late', async () => {
    const out = `out-${name}`
    expect(await build(project, 'main', out)).toEqual({ warnings: [] })
    const results = (await project.printed(`${out}/main.js`)) as Record<string, number[]>
    const wanted = { light: expected(1), sums: expected(1), differences: expected(-1), one: expected(-1) }
    expect(Object.keys(results)).toHaveLength(8)
    for (const [attention, numbers] of Object.entries(wanted))
      for (const one of [results[attention], results[`${attention}, decoding`]]) {
        expect(one).toHaveLength(numbers.length)
        for (const [index, number] of numbers.entries()) expect(one?.[index]).toBeCloseTo(number, 5)
      }

    const texts = await project.texts(out)
    const holding = (words: string): string[] =>
      [...texts].filter(([, text]) => text.includes(words)).map(([path]) => path)
    expect(holding('var<workgroup>tile')).toContain(project.at(`${out}/main.js`))
    for (const late of Object.values(loadedLate)) {
      expect([late, holding(late).length]).not.toEqual([late, 0])
      expect(holding(late)).not.toContain(project.at(`${out}/main.js`))
    }
  })

  test('fails at the line and column of a mistake, with the frame of the command line', async () => {
    const { failure } = await build(project, 'wrong', 'out-wrong')
    expect(failure?.message).toMatch(
      /bad\.attn:3:15: error A\d{4}: .*dto.*\n +3 \| +kernel: exp\(dto\(q, k\)\)\n/,
    )
    // webpack's errors have their place in their words alone.
    const place = expect.objectContaining({ line: 3, column: 15 }) as object
    expect(failure?.place).toEqual(name === 'webpack' ? undefined : place)
  })

  test('names the attentions that there are, where an import names another', async () => {
    const { failure } = await build(project, 'missing', 'out-missing')
    expect(failure?.message).toContain('two.attn has no attention named sum; it has sums, differences')
  })
})
