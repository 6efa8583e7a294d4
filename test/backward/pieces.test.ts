// Gradients of a sequence in pieces, from the last to the first, in the float64 of equations: those of the whole.
import { expect, test } from 'vitest'
import { fromModel } from '../../compiler/algebra/build.ts'
import { referenceGradients } from '../../compiler/reference/gradient/gradients.ts'
import { backwardFromState, schedule } from '../../compiler/schedule/build.ts'
import { cellPlanner } from '../../compiler/schedule/cells/planner.ts'
import type { Schedule } from '../../compiler/schedule/schedule.ts'
import { verify } from '../../compiler/schedule/verify.ts'
import { lowest } from '../../compiler/schedule/equation.ts'
import { evaluateEquations } from '../../compiler/verification/execution/run-equations.ts'
import { normals } from '../numeric/harness.ts'
import { disagreements, keptFor, modelOf } from './calls.ts'

const wide = 'dim: 3 value_dim: 2 mask: causal'
const specs = {
  'scaled sums': `attention a { ${wide} feature: elu1 epsilon: 0.1 }`,
  'a decay of scaled sums': `attention a { ${wide} feature: favor projections: 5 decay: 1 - 2^(-1 - head) }`,
  'a decay of plain sums': `attention a { ${wide} feature: identity normalize: none decay: 0.9 }`,
  positions: `feature angled(x, w) = exp(dot(w, x) - dot(x, x) / 2) * (1.5 + cos(position / 5))
    attention a { ${wide} feature: angled projections: 5 decay: 0.9 }`,
}

const [batch, heads, kvHeads] = [2, 2, 1]
const pieces = [33, 1, 6]
/** Rows of each batch item that count, piece by piece. */
const lengths = [
  [33, 12],
  [1, 0],
  [6, 5],
]
const total = pieces.reduce((sum, rows) => sum + rows, 0)

type Numbers = Float32Array<ArrayBuffer>

/** Rows of each batch item from its own first one on, zeros past its last: [batch, heads, rows, width]. */
function cut(
  whole: ArrayLike<number>,
  of: number,
  width: number,
  first: readonly number[],
  rows: number,
  counts: readonly number[],
): Numbers {
  const part = new Float32Array(batch * of * rows * width)
  for (let n = 0; n < part.length; n++) {
    const [column, row, group] = [n % width, Math.floor(n / width) % rows, Math.floor(n / (width * rows))]
    const item = Math.floor(group / of)
    if (row < (counts[item] ?? 0))
      part[n] = whole[(group * total + (first[item] ?? 0) + row) * width + column] ?? NaN
  }
  return part
}

/** The numbers of all buffers that a schedule leaves in float64. */
function run(plan: Schedule, call: object, kept: Record<string, Float32Array>) {
  const found = evaluateEquations(verify(plan), call as never, kept)
  if (found === undefined) throw new Error('all passes are equations')
  return (name: string) => Float32Array.from(found(name) ?? [])
}

test.each(Object.entries(specs))('%s', (_, text) => {
  const model = modelOf(text)
  const attention = fromModel(model)
  const kept = keptFor(model)
  const forward = schedule(attention, cellPlanner)
  const backward = backwardFromState(attention, cellPlanner)
  if ('unsupported' in forward || forward.decoding?.resume === undefined) throw new Error('it decodes')
  if ('underivable' in backward) throw new Error('it has gradients')
  const { prefill, resume } = forward.decoding
  const counts = [0, 1].map((item) => lengths.reduce((sum, rows) => sum + (rows[item] ?? 0), 0))
  const tensor = (of: number, width: number, seed: number) =>
    cut(normals(batch * of * total * width, seed), of, width, [0, 0], total, counts)
  const whole = {
    q: tensor(heads, 3, 1),
    k: tensor(kvHeads, 3, 2),
    v: tensor(kvHeads, 2, 3),
    dout: tensor(heads, 2, 4),
  }
  const truth = referenceGradients(model, {
    ...whole,
    ...kept,
    batch,
    heads,
    kvHeads,
    length: total,
    keyLength: total,
    lengths: counts,
  })

  const firsts = pieces.map((_, n) =>
    [0, 1].map((item) => lengths.slice(0, n).reduce((sum, rows) => sum + (rows[item] ?? 0), 0)),
  )
  const calls = pieces.map((length, n) => {
    const of = (name: keyof typeof whole, groups: number, width: number) =>
      cut(whole[name], groups, width, firsts[n] ?? [], length, lengths[n] ?? [])
    return {
      q: of('q', heads, 3),
      k: of('k', kvHeads, 3),
      v: of('v', kvHeads, 2),
      dout: of('dout', heads, 2),
      batch,
      heads,
      kvHeads,
      length,
      keyLength: length,
      lengths: lengths[n],
      positions: firsts[n],
    }
  })
  const states = backward.buffers.filter(({ role }) => role === 'state').map(({ name }) => name)
  const named = (names: readonly string[], of: (name: string) => Float32Array) =>
    Object.fromEntries(names.map((name) => [name, of(name)]))
  const groups = batch * (backward.groups === 'heads' ? heads : kvHeads)
  const sums = groups * forward.features * 3
  let state = named(states, (name) => new Float32Array(name === 'carriedSums' ? sums : sums / 3))
  const before = calls.map((call, n) => {
    const own = state
    state = named(states, run(n === 0 ? prefill : resume, call, { ...kept, ...own }))
    return own
  })
  const later = backward.buffers.filter(({ name }) => name.startsWith('later')).map(({ name }) => name)
  let gradient = named(later, (name) =>
    name === 'laterSums' ? new Float32Array(sums) : new Float32Array(sums / 3).fill(lowest),
  )
  for (const n of [2, 1, 0]) {
    const found = run(backward, calls[n]!, { ...kept, ...before[n], ...gradient })
    for (const [name, of, width] of [
      ['dq', heads, 3],
      ['dk', kvHeads, 3],
      ['dv', kvHeads, 2],
    ] as const) {
      const wanted = cut(truth[name], of, width, firsts[n]!, pieces[n]!, lengths[n]!)
      expect(
        disagreements([name], found, () => wanted, 1e-5),
        `piece ${n}`,
      ).toEqual([])
    }
    gradient = named(later, (name) => found(name.replace('later', 'initial')))
  }
})
