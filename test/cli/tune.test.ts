// `attnc tune`: what is measured and written, what compiling makes of it, and its mistakes.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, afterAll, describe, expect, test } from 'vitest'
import { compile, type CompiledAttention } from '../../compiler/index.ts'
import { version } from '../../compiler/cli/package.ts'
import { candidatesOf } from '../../compiler/cli/tune/candidates.ts'
import { fastest } from '../../compiler/cli/tune/tune.ts'
import { fingerprint, tunedText } from '../../compiler/cli/tune/tuned-file.ts'
import { type Choices, modelChoices, options } from '../../compiler/schedule/choices.ts'
import { expected, relativeError, tensors } from '../numeric/harness.ts'
import { interpreted } from '../numeric/interpreted.ts'
import { Console } from './console.ts'

let at: Console
const texts = {
  exact: 'attention exact { dim: 4 kernel: exp(dot(q, k)) }\n',
  summed: 'attention summed { dim: 4 feature: elu1 }\n',
  few: 'attention few { dim: 4 kernel: exp(dot(q, k)) landmarks: 4 segment_means pinv: 6 }\n',
  chunked: 'attention chunked { dim: 16 feature: elu1 mask: causal }\n',
  hashed: 'attention hashed { dim: 8 kernel: exp(dot(q, k)) buckets: 4 rounds 1 chunk 8 }\n',
}
beforeAll(() => {
  at = new Console(Object.fromEntries(Object.entries(texts).map(([name, text]) => [`${name}.attn`, text])))
})
afterEach(() => {
  for (const name of Object.keys(texts)) rmSync(path(`${name}.tuned.json`), { force: true })
})
afterAll(() => at.remove())

/** What tuning writes, for another text than any here. */
const good = {
  attention: 'exact',
  attnc: version(),
  spec: '0000000000000000',
  device: 'a GPU',
  length: 16,
  heads: 1,
  choices: modelChoices,
}

const path = (file: string): string => join(at.directory, file)
const contents = (file: string): Record<string, unknown> =>
  JSON.parse(readFileSync(path(file), 'utf8')) as Record<string, unknown>

interface TuneDocument {
  readonly attentions: {
    name: string
    device?: string
    choices: Record<string, unknown>
    measured: { option: string; error: number; median: number }[]
    file?: string
  }[]
}

const tune = async (name: string, length: number): Promise<TuneDocument['attentions'][number]> => {
  const words = ['tune', `${name}.attn`, '--length', String(length), '--heads', '1', '--rounds', '1']
  const { status, out, err } = await at.run([...words, '--json'])
  expect([status, err.replaceAll(/^Warning.*\n/gm, '')]).toEqual([0, ''])
  const [attention] = (JSON.parse(out) as TuneDocument).attentions
  if (attention === undefined) throw new Error('one attention was tuned')
  return attention
}

describe('every candidate is right, and a choice is written', () => {
  test.each([
    ['exact', 70, 'attentionTile', 2],
    ['summed', 300, 'summedRows', 3],
  ] as const)('%s', async (name, length, option, count) => {
    const { device, choices, measured, file } = await tune(name, length)
    const those = measured.filter((one) => one.option === option)
    expect(those).toHaveLength(count)
    for (const { error, median } of measured) {
      expect(error).toBeLessThan(1e-5)
      expect(median).toBeGreaterThan(0)
    }
    expect(file).toBe(`${name}.tuned.json`)
    expect(contents(`${name}.tuned.json`)).toMatchObject({
      attention: name,
      device,
      length,
      heads: 1,
      choices,
    })
  })
})

// Devices take minutes to compile them; the interpreter of kernels takes none.
test('parts of keys have three candidates, all of them right', () => {
  const by = (choices: Choices): CompiledAttention => {
    const [made] = compile(texts.few, { tuned: { few: choices } }).modules
    if (made === undefined) throw new Error('the attention compiles')
    return made
  }
  const candidates = candidatesOf('keysOfPart', { choices: modelChoices, compiled: by(modelChoices) }, by)
  expect(candidates.map(({ choices }) => choices.keysOfPart)).toEqual([...options.keysOfPart])
  const sizes = { length: 140 }
  for (const { compiled } of candidates) {
    const inputs = tensors(compiled, sizes, 1, 0.25)
    const wanted = expected(compiled, sizes, inputs)
    expect(relativeError(interpreted(compiled, sizes, inputs).out, wanted)).toBeLessThan(1e-5)
  }
})

test('chunks have two candidates, both of them right', () => {
  const by = (choices: Choices): CompiledAttention => {
    const [made] = compile(texts.chunked, { tuned: { chunked: choices } }).modules
    if (made === undefined) throw new Error('the attention compiles')
    return made
  }
  const candidates = candidatesOf('chunk', { choices: modelChoices, compiled: by(modelChoices) }, by)
  expect(candidates.map(({ compiled }) => compiled.schedule.chunk)).toEqual([64, 32])
  const sizes = { length: 70 }
  for (const { compiled } of candidates) {
    const inputs = tensors(compiled, sizes, 1, 0.25)
    const wanted = expected(compiled, sizes, inputs)
    expect(relativeError(interpreted(compiled, sizes, inputs).out, wanted)).toBeLessThan(1e-5)
  }
})

test('where there is nothing to choose, nothing is measured or written', async () => {
  const { choices, measured } = await tune('hashed', 16)
  expect([choices, measured]).toEqual([modelChoices, []])
  expect(existsSync(path('hashed.tuned.json'))).toBe(false)
})

test('compiling takes up what was chosen, and says so', async () => {
  const choices = { ...modelChoices, attentionTile: 'small' } as const
  const source = compile(texts.exact).modules[0]?.program.source ?? ''
  at.write('exact.tuned.json', tunedText({ ...good, spec: fingerprint(source), choices }))
  const { status, out } = await at.run(['compile', 'exact.attn'])
  expect(status).toBe(0)
  expect(out).toContain('exact, tuned on a GPU: attentionTile small\n')
  expect(readFileSync(path('exact/attend.wgsl'), 'utf8')).toContain('@workgroup_size(64')
  const json = await at.run(['compile', 'exact.attn', '--json'])
  expect(JSON.parse(json.out)).toMatchObject({
    attentions: [{ name: 'exact', tuned: { device: 'a GPU', choices } }],
  })

  rmSync(path('exact.tuned.json'))
  const plain = await at.run(['compile', 'exact.attn'])
  expect(plain.out).not.toContain('tuned')
  expect(readFileSync(path('exact/attend.wgsl'), 'utf8')).toContain('@workgroup_size(128')
})

describe('a file that is not for this attention', () => {
  test.each([
    ['another text', good, /^note: exact\.tuned\.json was measured for another text of exact; .*\n$/],
    ['another version', { ...good, attnc: '0.0.1' }, /^note: .* was measured by attnc 0\.0\.1, .*\n$/],
  ])('%s: the model’s choice stands, and one line says so', async (_, file, message) => {
    at.write('exact.tuned.json', tunedText({ ...file, choices: { ...modelChoices, attentionTile: 'small' } }))
    const { status, out, err } = await at.run(['compile', 'exact.attn'])
    expect([status, out.includes('tuned')]).toEqual([0, false])
    expect(err).toMatch(message)
    expect(readFileSync(path('exact/attend.wgsl'), 'utf8')).toContain('@workgroup_size(128')
  })

  test.each([
    ['another attention', JSON.stringify({ ...good, attention: 'other' }), /is for other, and not for exact/],
    ['somebody else’s', '{ "tiles": 3 }', /is not a file that attnc tune wrote/],
    ['no JSON', 'tiles', /is not a file that attnc tune wrote/],
  ])('%s ends compiling in one message', async (_, text, message) => {
    at.write('exact.tuned.json', text)
    const { status, out, err } = await at.run(['compile', 'exact.attn'])
    expect([status, out]).toEqual([2, ''])
    expect(err).toMatch(message)
  })

  test('is not replaced by tuning where somebody else wrote it', async () => {
    at.write('exact.tuned.json', '{ "tiles": 3 }')
    const { status, err } = await at.run(['tune', 'exact.attn', '--length', '16'])
    expect(status).toBe(2)
    expect(err).toMatch(/is not a file that attnc tune wrote/)
    expect(readFileSync(path('exact.tuned.json'), 'utf8')).toBe('{ "tiles": 3 }')
  })

  test('does not concern other targets', async () => {
    at.write('exact.tuned.json', '{}')
    expect((await at.run(['compile', 'exact.attn', '--target', 'wasm', '-o', '.'])).status).toBe(0)
  })
})

test('a choice gives way only to one that is clearly faster, or where it is wrong', () => {
  const raced = (candidate: string, times: readonly number[], passed = true) => ({ candidate, passed, times })
  expect(fastest([raced('old', [10, 10, 30]), raced('new', [9.6, 9.7, 9.8])], 'old')).toBe('old')
  expect(fastest([raced('old', [10, 10, 30]), raced('new', [9, 9, 90])], 'old')).toBe('new')
  expect(fastest([raced('old', [], false), raced('new', [99])], 'old')).toBe('new')
  expect(fastest([raced('old', [10]), raced('new', [], false)], 'old')).toBe('old')
})

test('the library takes choices by name, and no others', () => {
  const small = compile(texts.exact, {
    tuned: { exact: { ...modelChoices, attentionTile: options.attentionTile[1] } },
  })
  expect(small.modules[0]?.kernels[0]?.workgroupSize).toBe(64)
  const wrong = { exact: { ...modelChoices, keysOfPart: 100 } } as unknown as Record<
    string,
    typeof modelChoices
  >
  expect(() => compile(texts.exact, { tuned: wrong })).toThrow(RangeError)
  expect(() => compile(texts.exact, { tuned: 3 as unknown as Record<string, typeof modelChoices> })).toThrow(
    TypeError,
  )
})
