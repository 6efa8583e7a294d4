// Gradients of the projection and of weights, in float64 and by kernels, against reverse mode over the reference's form.
import { describe, expect, test } from 'vitest'
import { cellPlanner } from '../../compiler/schedule/cells/planner.ts'
import { evaluateEquation } from '../../compiler/schedule/equation/evaluate.ts'
import { dispatchesOf } from '../../compiler/schedule/schedule.ts'
import type { Schedule } from '../../compiler/schedule/schedule.ts'
import { bufferOf, shapeOf } from '../../compiler/verification/execution/run-passes.ts'
import { referenceGradients } from '../../compiler/reference/gradient/gradients.ts'
import { longestKeys, tensor } from '../../compiler/verification/cases/case.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import type { Case } from '../../compiler/verification/cases/case.ts'
import type { GradientCall } from '../../compiler/verification/execution/executor.ts'
import { evaluateEquations } from '../../compiler/verification/execution/run-equations.ts'
import { together } from '../../compiler/verification/execution/run-gradients.ts'
import { callWith, disagreements, keptFor, modelOf } from './calls.ts'
import { gradientSchedule } from './schedules.ts'

const settings = (lines: string, features = ''): string =>
  `${features}\nattention subject {\n  dim: 5\n  value_dim: 3\n  scale: 1 / sqrt(dim)\n${lines}\n}\n`

const projected = '  feature: mine\n  projections: 4 iid seed 3'

const texts: Record<string, string> = {
  'exponentials of projections, causal': settings(
    `${projected}\n  mask: causal`,
    'feature mine(x, w) = exp(dot(w, x) - dot(x, x) / 2)',
  ),
  'two blocks': settings(projected, 'feature mine(x, w) = [exp(dot(w, x)), exp(-dot(w, x))]'),
  'waves, with an epsilon': settings(
    `${projected}\n  epsilon: 3`,
    'feature mine(x, w) = [exp(dot(x, x) / 2) * cos(dot(w, x)), exp(dot(x, x) / 2) * sin(dot(w, x))]',
  ),
  'a relu, with a decay': settings(
    `${projected}\n  mask: causal\n  decay: 1 - 2^(-2 - head)`,
    'feature mine(x, w) = relu(dot(w, x)) + 0.01',
  ),
  'norms and entries of w': settings(
    `${projected}\n  normalize: none`,
    'feature mine(x, w) = sum(tanh(w * x)) * sigmoid(dot(w, x) / norm(w)) + maximum(w)',
  ),
  'maxima of the papers': settings(
    `${projected}\n  stabilize: max 1e-3`,
    'feature mine(x, w) = exp(dot(w, x) - dot(x, x) / 2)',
  ),
  'learned landmarks': settings('  kernel: exp(dot(q, k))\n  landmarks: 4 learned\n  pinv: 2'),
  'learned landmarks with a convolution': settings(
    '  kernel: exp(-dot(q - k, q - k) / 2)\n  landmarks: 4 learned\n  pinv: 2\n  conv: 5',
  ),
  'means of segments with a convolution': settings(
    '  kernel: exp(dot(q, k))\n  landmarks: 4 segment_means\n  pinv: 2\n  conv: 3',
  ),
  'pooled keys': settings('  kernel: exp(dot(q, k))\n  compress: 6 learned'),
}

/** Weights of pooling are longer than any call here. */
const capacity = longestKeys

/** A set of weights of its own where another stands in for it. */
const ownSets = (model: AttentionModel): Record<string, Float32Array> => {
  const kept = keptFor(model)
  const { landmarks, compressKeys } = kept
  return {
    ...kept,
    ...(landmarks && { queryLandmarks: tensor(2, 4, 5, 99, 0.5) }),
    ...(compressKeys && { compressValues: tensor(2, 6, capacity, 98, 0.1) }),
  }
}

/** The gradients of parameters, and dq, by name. */
function truthOf(
  model: AttentionModel,
  call: GradientCall,
  kept: Record<string, Float32Array>,
): ReadonlyMap<string, Float64Array> {
  const wrt = model.projections === undefined ? ['weights' as const] : ['projection' as const]
  const { dq, dweights, dprojection } = referenceGradients(model, { ...call, ...kept, wrt })
  const weights = Object.entries(dweights ?? {}).map(([name, of]) => [`d${name}`, of] as const)
  return new Map([['dq', dq], ...weights, ...(dprojection ? [['dprojection', dprojection] as const] : [])])
}

/** The same call, in which rows that do not count are no numbers. */
function withoutOthers({ k, v, ...call }: GradientCall): GradientCall {
  const { lengths = [], kvHeads, keyLength, batch } = call
  const counted = (rows: Float32Array): Float32Array => {
    const width = rows.length / (batch * kvHeads * keyLength)
    const row = (n: number): number => Math.floor(n / width)
    return rows.map((entry, n) => {
      const item = Math.floor(row(n) / (kvHeads * keyLength))
      return row(n) % keyLength < (lengths[item] ?? keyLength) ? entry : Number.NaN
    })
  }
  return { ...call, k: counted(k), v: counted(v) }
}

const small: Case = { length: 7, keyLength: 7, batch: 1, kvHeads: 1, group: 2, norm: 1, values: 3 }

describe.each(Object.entries(texts))('%s', (_, text) => {
  const model = modelOf(text)
  /** Heads are grouped where no weights say how many there are. */
  const shape: Case = model.projections ? small : { ...small, kvHeads: 2, group: 1 }
  const calls: Record<string, readonly [Case, number[]?]> = {
    'of several items, with more queries than keys': [{ ...shape, length: 35, keyLength: 11, batch: 2 }],
    'of items with fewer keys, and with none': [{ ...shape, batch: 3, length: 9, keyLength: 34 }, [34, 3, 0]],
  }

  test.each(Object.entries(calls))('%s, in float64', (_, [one, lengths]) => {
    const call = withoutOthers(callWith(model, one, lengths))
    for (const kept of [keptFor(model), ownSets(model)]) {
      const truth = truthOf(model, call, kept)
      expect(truth.size).toBeGreaterThan(1)
      const found = evaluateEquations(gradientSchedule(model, undefined, true), call, kept, { capacity })
      const of = together((name) => found?.(name), kept)
      expect(disagreements([...truth.keys()], of, (name) => truth.get(name), 1e-8)).toEqual([])
    }
  })
})

/** The gradients that slices of a call leave, one after the other in the same buffers. */
function evaluateInSlices(
  schedule: Schedule,
  call: GradientCall,
  kept: Record<string, Float32Array>,
  slices: readonly { readonly sliceStart: number; readonly sliceCount: number }[],
): (name: string) => Float64Array {
  const whole = shapeOf(schedule, call, { capacity })
  const buffers = new Map(
    schedule.buffers.map((plan) => [plan.name, Float64Array.from(bufferOf(plan, call, kept, whole))]),
  )
  const of = (name: string): Float64Array => buffers.get(name) ?? new Float64Array()
  for (const slice of slices)
    for (const { pass, buffers: names } of dispatchesOf(schedule)) {
      if (pass.kind !== 'equation') throw new Error('gradients are equations')
      const now = new Map(pass.buffers.map((name, place) => [name, names[place] ?? name]))
      evaluateEquation(pass, { ...whole, ...slice }, (name) => of(now.get(name) ?? name))
    }
  return of
}

// Where kernels scatter, they add to what is there.
test.each(['two blocks', 'learned landmarks with a convolution', 'pooled keys'])(
  'slices of a call, which cut batch items apart, add up: %s',
  (name) => {
    const model = modelOf(texts[name] ?? '')
    const call = callWith(model, { ...small, batch: 3, kvHeads: 2, group: 1 }, [7, 3, 5])
    const kept = ownSets(model)
    const schedule = gradientSchedule(model, { ...cellPlanner, rowsApart: false }, true)
    const truth = truthOf(model, call, kept)
    const slices = [
      { sliceStart: 0, sliceCount: 3 },
      { sliceStart: 3, sliceCount: 1 },
      { sliceStart: 4, sliceCount: 2 },
    ]
    const found = evaluateInSlices(schedule, call, kept, slices)
    expect(disagreements([...truth.keys()], found, (of) => truth.get(of), 1e-8)).toEqual([])
  },
)
