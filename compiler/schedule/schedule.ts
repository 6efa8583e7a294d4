/**
 * The schedule: which evaluation, in which passes, with which tiles and memory.
 *
 * A schedule is a list of passes over buffers. Every pass is one dispatch; a
 * dispatch boundary is the only barrier between workgroups, so whatever needs
 * all of a sequence (a scan, a maximum) is a pass of its own.
 *
 * **Exact** attention is one pass (*online*): each workgroup takes a tile of
 * query rows through all key tiles, with a running maximum of the exponent and
 * running sums. No L×L matrix exists.
 *
 * **Factorised** attention is three passes over chunks of rows:
 *
 *   reduce   each chunk's S_c = Σ φ(k_j) v_jᵀ and z_c = Σ φ(k_j), r × dv and r
 *   scan     the states before each chunk (causal), or their total (no mask)
 *   finish   φ(q)·S before the chunk, plus the pairs inside it, over the denominator
 *
 * Features are computed inside the passes that use them and never stored; rows
 * are projected beforehand (*transform*) where a fast transform does that.
 *
 * On a processor they are one: a thread *walks* a group's rows, and the state
 * stays in its cache (`sequential/`).
 *
 * Attentions of several **steps** go through a planner's verbs, step by step: attend,
 * product, means (`strategies/steps.ts`). A **hash** sorts rows in each round (*hash*,
 * *offsets*, *place*), and each row meets those sorted near it (*near*).
 *
 * **Equations.** Every other pass is an equation (`equation.ts`): means, merges of
 * parts, appends to caches, norms, the papers' maxima, and for a device without
 * workgroup memory all of them.
 *
 * **Scales.** Where a feature or a kernel has an exponent, every sum is carried
 * as mantissa and base-2 log-scale: one scale per feature in the state, one per
 * row in the readout. A row's scale is a maximum over keys that the row sees and
 * no others, so nothing of the future reaches it, not even by rounding.
 *
 * **Groups and slices.** A group is a batch item and a key/value head (a query
 * head where rows act as their head says). A call whose scratch would pass a
 * device's limit is run in slices of its groups; equations also in blocks of query
 * rows, where `rows` are apart.
 *
 * Invariants (`verify.ts`): tiles are positive multiples of 4; workgroup memory
 * fits the default limits; passes name buffers that exist; at most
 * `buffersOfAPass` storage buffers a pass; where rows act on a state, groups are
 * query heads.
 */
import type { Expression } from '../symbolic/expression.ts'
import type { HashPass, NearPass, OrderPass } from './sort-passes.ts'
import type { FinishPass, ReducePass, ScanPass, StepPass, WalkPass } from './feature-passes.ts'
import type { ProjectPass, TransformPass } from './projection-passes.ts'
import type { Size } from '../../runtime/contract/size.ts'
import type { EquationPass } from './equation.ts'
import type { Groups, Scaling } from './operands.ts'
import type { OnlinePass, ProductPass, RecurPass } from './row-passes.ts'

export { addedToSum } from '../algebra/attention.ts'
export { andEpilogue } from './epilogue.ts'
export { roomFor } from './operands.ts'
export { chunkRow, rowsOfRecurrence } from './recur-chunks.ts'
export type { ChunkRow } from './recur-chunks.ts'
export type { Size } from '../../runtime/contract/size.ts'
export type * from './sort-passes.ts'
export type * from './equation.ts'
export type * from './feature-passes.ts'
export type * from './operands.ts'
export type * from './projection-passes.ts'
export type * from './row-passes.ts'

/** The passes of one form of an attention, with the buffers between them and the facts that the runtime needs. */
export interface Schedule {
  readonly name: string
  /** The way of evaluating, for the reader. */
  readonly evaluation: string
  readonly dim: number
  readonly valueDim: number
  /** r; 0 where nothing is factorised. */
  readonly features: number
  readonly causal: boolean
  /** The rows of q serve as keys, too: a row counts as both or as neither. */
  readonly keysAreQueries?: true
  /** A group is a batch item and one of these heads; see above. */
  readonly groups: Groups
  /** A slice has all query heads of a key/value head: it writes what they have in common. */
  readonly together?: true
  /** Rows of the call's tensors lie where its strides say; else the rows of a head follow one another. */
  readonly strided?: true
  /**
   * No query row needs another: a call may also be run in blocks of its rows, `offset` being the first one. What
   * carries a state takes the blocks in turn, with the rows of keys and values that came with each.
   */
  readonly rows?: 'apart'
  /** Rows of a chunk: of the state's granularity, and of the tiles inside; 1 where rows are not cut into chunks. */
  readonly chunk: number
  /** How many chunks a call has. */
  readonly chunks: Size
  readonly buffers: readonly BufferPlan[]
  /** Each a kernel; dispatched in this order but for `rounds`. */
  readonly passes: readonly Pass[]
  /** Passes that are dispatched several times over, in their order. */
  readonly rounds?: readonly Rounds[]
  /**
   * The forms of decoding, where the attention has them: the whole prefix, then a token at a time; `resume` is for
   * rows behind those of a state, where the prefix is not told where rows begin.
   */
  readonly decoding?: { readonly prefill: Schedule; readonly step: Schedule; readonly resume?: Schedule }
  /**
   * Of gradients, where they compute forward anew: the same passes in two parts. `keep` leaves `out` and, in buffers that
   * are `kept`, what `rest` reads of it.
   */
  readonly inTwo?: { readonly keep: Schedule; readonly rest: Schedule }
}

/** The passes from `first` to `last` are dispatched `times` times over. */
export interface Rounds {
  readonly first: string
  readonly last: string
  readonly times: number
  /** Pairs of buffers that change names after each round, for the rounds and passes to come. */
  readonly swap: readonly (readonly [string, string])[]
  /** In round n, from 0, the first of these names is of the n-th buffer, and the second of the one after it. */
  readonly along?: readonly string[]
}

/** A buffer of a schedule. Its role tells the runtime who fills it, and how long it lives. */
export interface BufferPlan {
  readonly name: string
  readonly role:
    | 'input'
    | 'data'
    | 'output'
    | 'scratch'
    | 'projection'
    | 'factors'
    | 'lengths'
    | 'weight'
    | 'state'
    | 'heads'
  /** Of the role `heads`: the number of each query head, in the variable `head`. */
  readonly value?: Expression
  readonly element: 'f32' | 'u32'
  /** In elements. */
  readonly size: Size
  /** Of the role `output`: one for the whole call, of which each slice has a part, and the runtime adds these. */
  readonly total?: true
  /** Of the role `state`, in the form `step`: the last numbers of each group, one per feature, are logarithms. */
  readonly scales?: true
  /** Of the role `scratch`: what one part of gradients leaves for the other. */
  readonly kept?: true
  /** Of the role `weight`: a caller may give none, and it has one number then, which is not read. */
  readonly optional?: true
  /** Layout, for the reader. */
  readonly layout: string
}

/** Numbers of a chunk's state: S, z, and the scales in the chunk and before it. */
export const stateSize = (features: number, valueDim: number, scaling: Scaling): number =>
  features * (valueDim + (scaling === 'scaled' ? 3 : 1))

/** Numbers of the state that decoding carries: S, z and the scales. */
export const carriedSize = (features: number, valueDim: number, scaling: Scaling): number =>
  features * (valueDim + (scaling === 'scaled' ? 2 : 1))

/** A plain sum of weights below this may be missing digits: each of its terms may have lost what is below 2^−126. */
export const leastWhole = 2 ** -60

/** Threads of a decoding step that share the entries of four projections: they read a sector of memory of each. */
export const entriesApart = 8

/** Storage buffers that a kernel may bind on every device. */
export const buffersOfAPass = 8

/** The work of a dispatch: a fused kernel, or an equation computed cell by cell. */
export type Pass = WorkgroupPass | EquationPass

/** A fused kernel whose workgroups share memory; `kernel/lower/` has a template for each kind. */
export type WorkgroupPass =
  | StepPass
  | OnlinePass
  | ProductPass
  | RecurPass
  | ReducePass
  | ScanPass
  | FinishPass
  | WalkPass
  | HashPass
  | OrderPass
  | NearPass
  | TransformPass
  | ProjectPass

/** One run of a pass. Buffers are named apart from it, because rounds swap the names of two. */
export interface Dispatch {
  readonly pass: Pass
  /** In the pass's binding order. */
  readonly buffers: readonly string[]
}

/** The dispatches of a call in order, with rounds written out. */
export function dispatchesOf({ passes, rounds = [] }: Pick<Schedule, 'passes' | 'rounds'>): Dispatch[] {
  const swapped = new Map<string, string>()
  const now = (name: string): string => swapped.get(name) ?? name
  const dispatches: Dispatch[] = []
  const dispatch = (these: readonly Pass[], rename: (name: string) => string = now): void => {
    for (const pass of these) dispatches.push({ pass, buffers: pass.buffers.map(rename) })
  }
  let next = 0
  for (const { first, last, times, swap, along = [] } of rounds) {
    const from = passes.findIndex(({ name }) => name === first)
    const to = passes.findIndex(({ name }) => name === last) + 1
    dispatch(passes.slice(next, from))
    for (let round = 0; round < times; round++) {
      const ofRound = new Map(along.slice(0, 2).map((name, place) => [name, along[round + place] ?? name]))
      dispatch(passes.slice(from, to), (name) => ofRound.get(name) ?? now(name))
      for (const [left, right] of swap) {
        const [a, b] = [now(left), now(right)]
        swapped.set(left, b).set(right, a)
      }
    }
    next = to
  }
  dispatch(passes.slice(next))
  return dispatches
}
