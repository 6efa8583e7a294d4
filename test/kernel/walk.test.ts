// Walks of one thread, on the interpreter of kernels, agree with float64.
import { describe, expect, it } from 'vitest'
import { fromModel } from '../../compiler/algebra/build.ts'
import { lowerSequential } from '../../compiler/kernel/sequential/lower.ts'
import { verify as verifyKernel } from '../../compiler/kernel/verify.ts'
import { understand } from '../../compiler/pipeline.ts'
import { reference } from '../../compiler/reference/reference.ts'
import { schedule } from '../../compiler/schedule/build.ts'
import { sequentialPlanner } from '../../compiler/schedule/sequential/planner.ts'
import { verify } from '../../compiler/schedule/verify.ts'
import { runPasses } from '../../compiler/verification/execution/run-passes.ts'
import { drawProjection } from '../../runtime/projection/index.ts'
import { usualError } from '../numeric/compare.ts'
import { full, normals, relativeError } from '../numeric/harness.ts'
import type { Sizes } from '../numeric/harness.ts'

interface Options {
  /** Standard deviation of the entries of q and k. */
  readonly size?: number
  /** The row from which on all is changed. */
  readonly changedFrom?: number
}

/** The forward pass of a text, compiled for kernels of one thread, on the interpreter and in float64. */
function walkOf(
  text: string,
  sizes: Sizes,
  { size = 1, changedFrom = Infinity }: Options = {},
): { found: Float32Array; known: Float64Array } {
  const { checked, diagnostics } = understand({ file: 'test.attn', text })
  const [model] = checked.attentions
  if (model === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
  const planned = schedule(fromModel(model), sequentialPlanner)
  if ('unsupported' in planned) throw new Error(planned.unsupported)
  const forward = verify(planned)
  expect(forward.passes.map(({ kind }) => kind)).toContain('walk')
  const kernels = lowerSequential(forward).map((kernel) => verifyKernel(kernel))
  const { batch, heads, kvHeads, length, keyLength } = full(sizes)
  const rows = (seed: number, groups: number, count: number, width: number, deviation: number) =>
    normals(groups * count * width, seed, deviation).map((entry, index) =>
      Math.floor(index / width) % count < changedFrom ? entry : -7 * entry,
    )
  const call = {
    ...full(sizes),
    q: rows(1, batch * heads, length, model.dim, size),
    k: rows(2, batch * kvHeads, keyLength, model.dim, size),
    v: rows(3, batch * kvHeads, keyLength, model.valueDim, 1),
    ...(sizes.lengths && { lengths: sizes.lengths }),
  }
  const { projections, dim } = model
  const projection = projections && drawProjection({ ...projections, rows: projections.count, dim })
  const kept = projection === undefined ? {} : { projection }
  return {
    found: runPasses({ schedule: forward, kernels }, { call, kept, races: false }),
    known: reference(model, { ...call, ...kept }),
  }
}

/** The rows after a prefix, by its state and a step for each, and the same rows of the whole in float64. */
function decoded(text: string, sizes: Sizes, prefix: number): { found: number[]; known: number[] } {
  const { checked } = understand({ file: 'test.attn', text })
  const model = checked.attentions[0]!
  const planned = schedule(fromModel(model), sequentialPlanner)
  if ('unsupported' in planned) throw new Error(planned.unsupported)
  const { prefill, step } = planned.decoding!
  const { batch, heads, kvHeads, length } = full(sizes)
  const { dim, valueDim, projections } = model
  const q = normals(batch * heads * length * dim, 1)
  const k = normals(batch * kvHeads * length * dim, 2)
  const v = normals(batch * kvHeads * length * valueDim, 3)
  const projection = projections && drawProjection({ ...projections, rows: projections.count, dim })
  const carried = new Float32Array(batch * heads * 64 * (valueDim + 2)).fill(Number.NaN)
  const kept = { carried, ...(projection && { projection }) }
  const part = (tensor: Float32Array, width: number, from: number, to: number): Float32Array =>
    tensor.filter((_, index) => {
      const row = Math.floor(index / width) % length
      return row >= from && row < to
    })
  const run = (form: typeof planned, from: number, to: number, lengths?: readonly number[]): Float32Array => {
    const call = {
      batch,
      heads,
      kvHeads,
      length: to - from,
      keyLength: to - from,
      q: part(q, dim, from, to),
      k: part(k, dim, from, to),
      v: part(v, valueDim, from, to),
      ...(lengths && { lengths }),
    }
    const kernels = lowerSequential(verify(form)).map((kernel) => verifyKernel(kernel))
    return runPasses({ schedule: form, kernels }, { call, kept, offset: from, races: false })
  }
  // Rows of padding leave no trace, whatever they hold.
  expect(prefill.passes.map(({ kind }) => kind)).toContain('walk')
  run(
    prefill,
    0,
    length,
    Array.from({ length: batch }, () => prefix),
  )
  const known = reference(model, { batch, heads, kvHeads, length, keyLength: length, q, k, v, ...kept })
  const rows = Array.from({ length: length - prefix }, (_, index) => prefix + index)
  return {
    found: rows.flatMap((row) => [...run(step, row, row + 1)]),
    known: rows.flatMap((row) => [...part(Float32Array.from(known), valueDim, row, row + 1)]),
  }
}

const shapes: readonly Sizes[] = [
  { length: 1 },
  { length: 9, batch: 2, lengths: [0, 4] },
  { length: 3, heads: 2, batch: 2 },
  { length: 31, heads: 4, kvHeads: 2 },
  { length: 33, keyLength: 20, batch: 2, lengths: [20, 1] },
  { length: 65, keyLength: 70, batch: 3, lengths: [33, 0, 70] },
]

describe.each([
  ['relu1', 'feature: relu1'],
  ['elu1', 'feature: elu1'],
  ['no mask', 'feature: elu1 mask: none epsilon: 1e-3'],
  ['no mask, exponentials', 'feature: exponentials mask: none'],
  ['no mask, undivided', 'feature: favor projections: 4 mask: none normalize: none'],
  ['one', 'feature: one'],
  ['taylor2', 'feature: taylor2'],
  ['relu_features', 'feature: relu_features projections: 67'],
  ['favor', 'scale: 1 / sqrt(dim) feature: favor projections: 20'],
  ['exponentials', 'feature: exponentials'],
  ['hyperbolic', 'feature: favor_hyperbolic projections: 3 normalize: none'],
  ['decay, divided', 'feature: relu1 decay: 1 - 2^(-1 - head)'],
  ['decay, undivided', 'feature: identity normalize: none decay: 1 - 2^(-1 - head)'],
  ['decay, exponentials', 'feature: exponentials epsilon: 1e-3 decay: 1e-9'],
  ['maxima', 'feature: favor projections: 9 stabilize: max 1e-4'],
  ['undivided', 'feature: identity normalize: none'],
  ['of lengths', 'feature: cosformer epsilon: 0.1'],
  ['of norms', 'feature: normed projections: 5'],
])('%s', (_, settings) => {
  it.each(shapes)('$length rows, $heads heads', (sizes) => {
    const text = `
      feature exponentials(x) = [exp(x), x * x * exp(-2 * x)]
      feature one(x) = dot(x, x) + 1
      feature normed(x, w) = relu(dot(w, x) / norm(x) + norm(w)) + 0.1
      attention a { dim: 6 value_dim: 5 ${settings.includes('mask') ? '' : 'mask: causal'} ${settings} }`
    const { found, known } = walkOf(text, sizes)
    expect(relativeError(found, known)).toBeLessThan(usualError)
  })
})

it('computes rows whose features vanish anew', () => {
  const text = 'feature f(x) = exp(-x * x) attention a { dim: 6 value_dim: 5 feature: f'
  for (const settings of ['mask: causal', 'mask: causal epsilon: 1e-30', 'mask: none'])
    for (const keyLength of [45, 3]) {
      const { found, known } = walkOf(`${text} ${settings} }`, { length: 45, keyLength }, { size: 20 })
      // As exact as exponents of some hundreds are in f32.
      expect(relativeError(found, known)).toBeLessThan(1e-4)
    }
})

const exponentials =
  'feature f(x) = [exp(x), x * x * exp(-2 * x)] attention a { dim: 6 value_dim: 5 mask: causal feature: f'

it.each([
  ['elu1', 'attention a { dim: 6 value_dim: 5 mask: causal feature: elu1 }'],
  ['exponentials', `${exponentials} }`],
  ['exponentials that fade', `${exponentials} decay: 0.7 }`],
])('%s: rows see nothing of later ones, to the bit', (_, text) => {
  for (const size of [1, 30]) {
    const { found } = walkOf(text, { length: 41 }, { size })
    for (const changedFrom of [1, 31, 37]) {
      const { found: changed } = walkOf(text, { length: 41 }, { size, changedFrom })
      const until = changedFrom * 5
      expect([...changed.subarray(0, until)]).toEqual([...found.subarray(0, until)])
      expect([...changed.subarray(until)]).not.toEqual([...found.subarray(until)])
    }
  }
})

it.each(['', 'decay: 0.7', 'epsilon: 1e-3'])('exponents of any size, %s', (setting) => {
  for (const size of [10, 100, 1000]) {
    const { found, known } = walkOf(`${exponentials} ${setting} }`, { length: 70, heads: 2 }, { size })
    expect(relativeError(found, known)).toBeLessThan(5e-6 + 2 ** -20 * size)
  }
})

describe('decoding', () => {
  it.each([
    ['elu1', 'feature: elu1'],
    ['scaled', 'scale: 1 / sqrt(dim) feature: favor projections: 5 orthogonal seed 1'],
    ['faded', 'feature: relu1 decay: 0.8 epsilon: 1e-3'],
    ['faded, undivided', 'feature: identity normalize: none decay: 0.8'],
    ['undivided', 'feature: taylor2 normalize: none'],
  ])('%s: a prefix and steps are the whole', (_, settings) => {
    const text = `attention a { dim: 6 value_dim: 5 mask: causal ${settings} }`
    for (const prefix of [3, 33]) {
      const { found, known } = decoded(text, { length: prefix + 3, batch: 2, heads: 4, kvHeads: 2 }, prefix)
      expect(relativeError(found, known)).toBeLessThan(usualError)
    }
  })
})
