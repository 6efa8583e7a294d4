// Every spec in cells, against float64, on the interpreter of kernels; `answers/` runs them on gpu.js.
import { expect, it } from 'vitest'
import { beyondGpujs } from '../answers/cases.ts'
import { expected, relativeError, tensors } from '../numeric/harness.ts'
import type { Sizes } from '../numeric/harness.ts'
import { sized, specs } from '../numeric/small-specs.ts'
import { compileCells, interpretedCells, weightsFor } from './harness.ts'

const compiled = specs.filter((name) => !(name in beyondGpujs))

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

it.each(compiled)('%s', (name) => {
  const built = compileCells(sized(name))
  for (const sizes of shapes(built.schedule.causal)) {
    const inputs = tensors(built, sizes, 3, deviationOf(name))
    const weights = weightsFor(built, sizes)
    const wanted = expected(built, sizes, inputs, undefined, weights)
    expect(relativeError(interpretedCells(built, sizes, inputs, weights), wanted)).toBeLessThan(1e-5)
  }
})
