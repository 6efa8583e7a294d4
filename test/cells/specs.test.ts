// Every spec in cells, against float64: on the interpreter of kernels, and on gpu.js in WebAssembly.
import { expect, it } from 'vitest'
import { build, understand } from '../../compiler/pipeline.ts'
import { expected, relativeError, tensors } from '../numeric/harness.ts'
import type { Sizes } from '../numeric/harness.ts'
import { sized, specs, textOf } from '../numeric/small-specs.ts'
import { compileCells, gpujsError, interpretedCells, weightsFor } from './harness.ts'

/** What has no evaluation in cells, and why; all else has one. */
const without: Readonly<Record<string, string>> = {
  reformer: 'buckets for the target gpujs, which has no sort',
}
const compiled = specs.filter((name) => !(name in without))

/** A denominator that is an estimate may come near 0 where rows are long. */
const deviationOf = (name: string): number => (name === 'performer_trigonometric' ? 0.5 : 1)

const shapes = (causal: boolean): readonly Sizes[] => [
  {
    length: 67,
    keyLength: causal ? 67 : 45,
    heads: 4,
    kvHeads: 2,
    batch: 2,
    lengths: [40, causal ? 66 : 45],
  },
  { length: 5, heads: 2, keyLength: causal ? 5 : 9 },
]

const builds = compiled.map((name) => [name, compileCells(sized(name))] as const)
// The interpreter takes minutes for the products of an inverse; `settings.test.ts` has a small one.
const quick = builds.filter(([, { schedule }]) => schedule.rounds === undefined)

it.each(quick)('%s is right on the interpreter', (name, built) => {
  for (const sizes of shapes(built.schedule.causal)) {
    const inputs = tensors(built, sizes, 3, deviationOf(name))
    const weights = weightsFor(built, sizes)
    const wanted = expected(built, sizes, inputs, undefined, weights)
    expect(relativeError(interpretedCells(built, sizes, inputs, weights), wanted)).toBeLessThan(1e-5)
  }
})

it.each(builds)('%s is right on gpu.js', async (name, built) => {
  for (const sizes of shapes(built.schedule.causal)) {
    const inputs = tensors(built, sizes, 5, deviationOf(name))
    expect(await gpujsError(built, sizes, inputs, weightsFor(built, sizes))).toBeLessThan(1e-5)
  }
})

it.each(Object.entries(without))('%s is refused, and why is said', (name, reason) => {
  const source = { file: `${name}.attn`, text: textOf(name) }
  const [model] = understand(source).checked.attentions
  expect(model && build(model, source, 'gpujs')).toMatchObject({ unsupported: reason })
})
