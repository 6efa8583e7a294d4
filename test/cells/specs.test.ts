// Every spec in cells, against float64, on the interpreter of kernels; `answers/` runs them on gpu.js.
import { expect, it } from 'vitest'
import { beyondGpujs } from '../answers/cases.ts'
import { compileFor, expected, relativeError, tensors, weightsFor } from '../numeric/harness.ts'
import { sized, specs } from '../numeric/small-specs.ts'
import { interpretedCells } from './harness.ts'
import { bothShapes, deviationOf } from './spec-calls.ts'

const compiled = specs.filter((name) => !(name in beyondGpujs))

it.each(compiled)('%s', (name) => {
  const built = compileFor('gpujs', sized(name))
  for (const sizes of bothShapes(built.schedule.causal)) {
    const inputs = tensors(built, sizes, 3, deviationOf(name))
    const weights = weightsFor(built, sizes)
    const wanted = expected(built, sizes, inputs, undefined, weights)
    expect(relativeError(interpretedCells(built, sizes, inputs, weights), wanted)).toBeLessThan(1e-5)
  }
})
