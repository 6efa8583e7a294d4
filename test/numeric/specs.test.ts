// Specs of every mechanism, made small, at every kind of call; some of them on every device.
import { describe, expect, it, test } from 'vitest'
import { compile } from '../../compiler/index.ts'
import { build, understand } from '../../compiler/pipeline.ts'
import { deviceNames, everyDevice, testDevice } from '../setup/test-devices.ts'
import { disagreements, once, prepare } from './agree.ts'
import { usualError } from './compare.ts'
import { compileOne } from './harness.ts'
import { everyShape } from './shapes.ts'
import { sized, sizesOf, specs, textOf } from './small-specs.ts'

/** An estimator whose denominator may come near 0: rounding is magnified there. */
const looser: Readonly<Record<string, { readonly deviation: number; readonly rms: number }>> = {
  performer_trigonometric: { deviation: 0.5, rms: usualError },
}

/** Those with weights of the caller's are run by tests of their own. */
function runsAlone(text: string): boolean {
  const source = { file: 'test.attn', text }
  const { tree, checked } = understand(source)
  const [model] = checked.attentions
  if (model === undefined) return false
  const built = build(model, tree)
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

/** One for each way in which kernels are made; `test/answers/` runs every spec. */
const representatives = new Set([
  'softmax',
  'linear_transformer',
  'performer_hadamard',
  'retnet',
  'sliding_window',
  'bigbird',
  'based',
  'reformer',
])
/** On devices after the first, whose compilers are slow. */
const elsewhere = new Set(['softmax', 'linear_transformer'])

test('sizes are given for specs that there are', () => {
  expect([...representatives].filter((name) => !specs.includes(name))).toEqual([])
  expect(Object.keys(sizesOf).filter((name) => !specs.includes(name))).toEqual([])
})

/** Names of attentions in full size, and the text of their kernels. */
const kernels = specs.flatMap((name) =>
  compile(textOf(name)).modules.flatMap(({ program }) =>
    Object.entries(program.kernels).map(([kernel, { code }]) => [`${name}, ${kernel}`, code] as const),
  ),
)

describe.each(deviceNames.map((device, place) => [device, place === 0 || everyDevice] as const))(
  'on %s',
  (device, all) => {
    test('the kernels of every spec in full size are taken without a warning', async () => {
      const made = await testDevice(device)
      const messages = kernels.map(async ([kernel, code]) => {
        const info = await made.createShaderModule({ label: kernel, code }).getCompilationInfo()
        return info.messages.map(({ type, message, lineNum }) => `${kernel}:${lineNum}: ${type}: ${message}`)
      })
      expect((await Promise.all(messages)).flat()).toEqual([])
    })

    const held = compiled.filter(([name]) => everyDevice || (all ? representatives : elsewhere).has(name))
    it.each(held)('%s', async (_, cases) => expect(await disagreements(device, cases())).toEqual([]))
  },
)
