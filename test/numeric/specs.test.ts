// Every spec that is compiled, made small, at every kind of call, on every device.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { compile } from '../../compiler/index.ts'
import { build, understand } from '../../compiler/pipeline.ts'
import { deviceNames, testDevice } from '../setup/test-devices.ts'
import { disagreements, once, patience, prepare } from './agree.ts'
import { usualError } from './compare.ts'
import { compileOne } from './harness.ts'
import { everyShape } from './shapes.ts'

/** Settings by which a spec becomes small; odd sizes, and projections that fill no tile. */
const sizesOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  based: { dim: '5', value_dim: '3' },
  bigbird: { dim: '8' },
  cosformer: { dim: '12', value_dim: '24' },
  linear_transformer: { dim: '40', value_dim: '24' },
  oprf: { dim: '12', projections: '35 orthogonal seed 42' },
  performer: { dim: '8', value_dim: '5', projections: '266 orthogonal seed 42' },
  performer_hyperbolic: { dim: '8', projections: '17 orthogonal seed 42' },
  performer_relu: { dim: '16', projections: '40 orthogonal seed 42' },
  performer_trigonometric: { dim: '8', projections: '32 orthogonal seed 42' },
  retnet: { dim: '8', value_dim: '40' },
  sliding_window: { dim: '16', mask: 'i >= j && i - j < 5' },
  softmax: { dim: '40', value_dim: '24' },
}
const otherwise = { dim: '8' }

/** Blocks of rows as long as a tile is wide would hide what a mask of blocks does. */
const smallBlocks = (text: string): string =>
  text.includes('floor') ? text.replaceAll('64', '8').replaceAll('63', '7') : text

/** An estimator whose denominator may come near 0: rounding is magnified there. */
const looser: Readonly<Record<string, { readonly deviation: number; readonly rms: number }>> = {
  performer_trigonometric: { deviation: 0.5, rms: usualError },
}

const folder = new URL('../../specs/', import.meta.url)
const specs = readdirSync(folder)
  .filter((file) => file.endsWith('.attn'))
  .map((file) => file.slice(0, -'.attn'.length))

const textOf = (name: string): string => readFileSync(new URL(`${name}.attn`, folder), 'utf8')

const sized = (name: string): string =>
  Object.entries(sizesOf[name] ?? otherwise).reduce(
    (text, [setting, value]) => withSetting(text, setting, value),
    smallBlocks(textOf(name)),
  )

/** The text with one setting changed, or added. */
function withSetting(text: string, setting: string, value: string): string {
  const line = new RegExp(`^  ${setting}:.*$`, 'm')
  const changed = `  ${setting}: ${value}`
  return line.test(text) ? text.replace(line, changed) : text.replace(/^}/m, `${changed}\n}`)
}

/** Those with weights of the caller's are run by tests of their own. */
function runsAlone(text: string): boolean {
  const source = { file: 'test.attn', text }
  const [model] = understand(source).checked.attentions
  if (model === undefined) return false
  const built = build(model, source)
  return !('unsupported' in built) && built.program.weights.length === 0
}

const compiled = specs
  .filter((name) => runsAlone(sized(name)))
  .map((name) => {
    const cases = once(() => {
      const built = compileOne(sized(name))
      return everyShape(built).map((sizes) => prepare(built, sizes, looser[name]))
    })
    return [name, cases] as const
  })

test('sizes are given for specs that there are', () => {
  expect(Object.keys(sizesOf).filter((name) => !specs.includes(name))).toEqual([])
  for (const name of Object.keys(sizesOf)) expect(compiled.map(([one]) => one)).toContain(name)
})

/** Names of attentions in full size, and the text of their kernels. */
const kernels = specs.flatMap((name) =>
  compile(textOf(name)).modules.flatMap(({ program }) =>
    Object.entries(program.kernels).map(([kernel, { code }]) => [`${name}, ${kernel}`, code] as const),
  ),
)

describe.each(deviceNames)('on %s', (device) => {
  test('the kernels of every spec in full size are taken without a warning', async () => {
    const made = await testDevice(device)
    const messages = kernels.map(async ([kernel, code]) => {
      const info = await made.createShaderModule({ label: kernel, code }).getCompilationInfo()
      return info.messages.map(({ type, message, lineNum }) => `${kernel}:${lineNum}: ${type}: ${message}`)
    })
    expect((await Promise.all(messages)).flat()).toEqual([])
  })

  it.each(compiled)('%s', { timeout: patience }, async (_, cases) =>
    expect(await disagreements(device, cases())).toEqual([]),
  )
})
