// A state that rows change one after another: kernels of workgroups and of one thread, held to its meaning in float64.
import { describe, expect, test } from 'vitest'
import type { Attention, CallRows, Entries, Recur } from '../../compiler/algebra/attention.ts'
import { interpret } from '../../compiler/algebra/interpret.ts'
import type { Call } from '../../compiler/verification/execution/executor.ts'
import type { Kernel } from '../../compiler/kernel/kernel.ts'
import { lower } from '../../compiler/kernel/lower/lower.ts'
import { lowerSequential } from '../../compiler/kernel/sequential/lower.ts'
import { verify } from '../../compiler/kernel/verify.ts'
import type { Planner } from '../../compiler/schedule/planner.ts'
import type { Schedule } from '../../compiler/schedule/schedule.ts'
import { sequentialPlanner } from '../../compiler/schedule/sequential/planner.ts'
import { scheduleRecurrence } from '../../compiler/schedule/strategies/recurrence.ts'
import { verify as verifySchedule } from '../../compiler/schedule/verify.ts'
import { workgroupPlanner } from '../../compiler/schedule/workgroups/planner.ts'
import { scattered } from '../../compiler/verification/cases/scatter.ts'
import { runAll, runPasses } from '../../compiler/verification/execution/run-passes.ts'

/** Sizes of the state, and what rows do to it, in entries of the rows of a call. */
interface Example {
  readonly dim: number
  readonly valueDim: number
  readonly update: (rows: Readonly<Record<'q' | 'k' | 'v', CallRows>>) => Pick<Recur, 'scale' | 'terms'>
}

const whole = (rows: CallRows): Entries => ({ rows, first: 0, width: rows.width })
const some = (rows: CallRows, first: number, width: number): Entries => ({ rows, first, width })

const examples: Readonly<Record<string, Example>> = {
  'sums of products': {
    dim: 5,
    valueDim: 7,
    update: ({ k, v }) => ({ scale: 1, terms: [{ x: whole(k), writes: [whole(v)], reads: [] }] }),
  },
  'a read that is taken away': {
    dim: 8,
    valueDim: 36,
    update: ({ k, v }) => ({
      scale: 0.9,
      terms: [{ x: whole(k), writes: [whole(v)], reads: [{ a: whole(k), by: -0.5 }] }],
    }),
  },
  'numbers of each row': {
    dim: 6,
    valueDim: 6,
    update: ({ k, v }) => ({
      scale: some(v, 2, 1),
      terms: [
        { x: whole(k), writes: [], reads: [{ a: whole(v), by: some(k, 3, 1) }] },
        { x: whole(v), writes: [whole(k)], reads: [] },
      ],
    }),
  },
  'entries of each row': {
    dim: 20,
    valueDim: 20,
    update: ({ k, v }) => ({
      scale: whole(v),
      terms: [
        {
          x: whole(k),
          writes: [whole(v)],
          reads: [
            { a: whole(v), by: whole(k) },
            { a: whole(k), by: 0.3 },
          ],
        },
        { x: whole(v), writes: [whole(k)], reads: [{ a: whole(k), by: some(v, 0, 1) }] },
      ],
    }),
  },
}

function attentionOf({ dim, valueDim, update }: Example): { attention: Attention; step: Recur } {
  const call = (of: CallRows['of'], width: number): CallRows => ({ kind: 'call', of, width })
  const rows = { q: call('q', dim), k: call('k', dim), v: call('v', valueDim) }
  const step: Recur = {
    kind: 'recur',
    name: 'recur',
    result: 'out',
    features: dim,
    queries: whole(rows.q),
    ...update(rows),
  }
  const attention: Attention = {
    name: 'example',
    dim,
    valueDim,
    scale: 1,
    data: [],
    evaluation: 'factorised',
    steps: [step],
    mask: { kind: 'causal' },
    division: { kind: 'none' },
    stabilize: { kind: 'auto' },
  }
  return { attention, step }
}

const numbers = (stream: number, count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => scattered(stream, index) - 0.5)

/** More than a chunk. */
const all = 41

const sizes = { batch: 2, heads: 2, kvHeads: 1 }

function callOf({ dim, valueDim }: Example, length: number): Call {
  return {
    ...sizes,
    length,
    keyLength: length,
    q: numbers(1, 4 * length * dim),
    k: numbers(2, 2 * length * dim),
    v: numbers(3, 2 * length * valueDim),
  }
}

/** Rows from one on, so many, of each head. */
function part(call: Call, { dim, valueDim }: Example, from: number, length: number): Call {
  const of = (tensor: Call['q'], width: number): Float32Array =>
    Float32Array.from({ length: (tensor.length / call.length) * length }, (_, index) => {
      const [row, entry] = [Math.floor(index / width) % length, index % width]
      const head = Math.floor(index / (width * length))
      return tensor[(head * call.length + from + row) * width + entry] ?? Number.NaN
    })
  return {
    ...call,
    length,
    keyLength: length,
    q: of(call.q, dim),
    k: of(call.k, dim),
    v: of(call.v, valueDim),
  }
}

const apart = (left: ArrayLike<number>, right: ArrayLike<number>): number =>
  Math.max(...Array.from(left, (value, index) => Math.abs(value - (right[index] ?? Number.NaN))))

const machines: Readonly<Record<string, readonly [Planner, (schedule: Schedule) => Kernel[]]>> = {
  workgroups: [workgroupPlanner, lower],
  'one thread': [sequentialPlanner, lowerSequential],
}

describe.each(Object.entries(machines))('in %s', (_, [planner, lowered]) => {
  test.each(Object.entries(examples))('%s', (__, example) => {
    const { attention, step } = attentionOf(example)
    const schedule = verifySchedule(scheduleRecurrence(attention, step, planner))
    const form = (of: Schedule | undefined) => {
      const planned = verifySchedule(of ?? schedule)
      return { schedule: planned, kernels: lowered(planned).map((kernel) => verify(kernel)) }
    }
    const call = callOf(example, all)
    const known = interpret(attention, call) ?? new Float64Array()
    expect(apart(runPasses(form(schedule), { call, kept: {} }), known)).toBeLessThan(1e-6)

    const padded = { ...call, lengths: [all, 4] }
    expect(
      apart(runPasses(form(schedule), { call: padded, kept: {} }), interpret(attention, padded) ?? []),
    ).toBeLessThan(1e-6)

    const carried = new Float32Array(4 * example.dim * example.valueDim).fill(Number.NaN)
    const [prefill, token] = [form(schedule.decoding?.prefill), form(schedule.decoding?.step)]
    const behind = (one: typeof prefill, from: number, length: number): ArrayLike<number> => {
      const { out } = runAll(one, {
        call: part(call, example, from, length),
        kept: { carried },
        offset: from,
        capacity: from + length,
      })
      return out ?? []
    }
    const expected = (from: number, length: number): ArrayLike<number> => {
      const { valueDim } = example
      return Float64Array.from({ length: 4 * length * valueDim }, (___, index) => {
        const [head, rest] = [Math.floor(index / (length * valueDim)), index % (length * valueDim)]
        return known[head * all * valueDim + from * valueDim + rest] ?? Number.NaN
      })
    }
    for (const [one, from, length] of [
      [prefill, 0, 3],
      [prefill, 3, 36],
      [token, 39, 1],
      [token, 40, 1],
    ] as const)
      expect(apart(behind(one, from, length), expected(from, length))).toBeLessThan(1e-6)
  })
})
