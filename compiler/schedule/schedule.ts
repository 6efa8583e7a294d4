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
 * with `stabilize: max` two more before them (*row maxima*, *head maximum*).
 * Features are computed inside the passes that use them and never stored; rows
 * are projected beforehand (*transform*) where a fast transform does that.
 *
 * **Landmarks** replace a large matrix of scores by three small ones, associated
 * as F·(A⁺·(B·V)) so that none with a side of the sequence's length is stored:
 *
 *   means    the landmark rows, where they are not given at run time
 *   online   B·V in parts of the keys, then *merge* puts the parts together
 *   online   A, as κ of landmark pairs times the identity
 *   start    the transpose of A over its norms, from where the inverse is approached
 *   product  a few for each step of the iteration, then one for A⁺·(B·V)
 *   online   F times that, a small matrix of values
 *
 * Where rows are too few to have landmarks, one more online pass is exact; each
 * batch item is taken by one of the two (`Only`).
 *
 * **Compressed** keys and values are pooled first: a *product* of weights and
 * rows for each of them, then *online* over the few rows that come of it.
 *
 * **Buckets**: in each round rows are sorted by what a hash makes of them, and
 * each meets those sorted near it:
 *
 *   hash     the bucket of each row; how many rows of a segment are in each bucket
 *   offsets  where each bucket's rows begin in the order, segment by segment
 *   place    each row into the order
 *   near     numerators, denominators and scales of each round
 *   combine  all rounds over one denominator
 *
 * **Scales.** Where a feature or a kernel has an exponent, every sum is carried
 * as mantissa and base-2 log-scale: one scale per feature in the state, one per
 * row in the readout. A row's scale is a maximum over keys that the row sees and
 * no others, so nothing of the future reaches it, not even by rounding.
 *
 * **Cells.** A device without workgroup memory has other passes, each number of
 * whose result is computed on its own: `cells/`.
 *
 * **Groups and slices.** A group is a batch item and a key/value head (a query
 * head where the decay depends on it). A call whose scratch would pass a
 * device's limit is run in slices of its groups; cells also in blocks of query
 * rows, where `rows` are apart.
 *
 * Invariants (`verify.ts`): tiles are positive multiples of 4; workgroup memory
 * fits the default limits; passes name buffers that exist; at most
 * `buffersOfAPass` storage buffers a pass.
 */
import type { Expression } from '../symbolic/expression.ts'
import type { HashPass, NearPass, OffsetsPass, PlacePass } from './bucket-passes.ts'
import type { FinishPass, ReducePass, ScanPass, StepPass } from './feature-passes.ts'
import type { ProjectPass, TransformPass } from './projection-passes.ts'
import type { Size } from '../../runtime/contract/size.ts'
import type { EquationPass } from './equation.ts'
import type { GatherPass, OnlinePass, ProductPass } from './row-passes.ts'

export type { Size } from '../../runtime/contract/size.ts'
export type * from './bucket-passes.ts'
export type * from './equation.ts'
export type * from './feature-passes.ts'
export type * from './projection-passes.ts'
export type { Convolution } from './planner.ts'
export type * from './row-passes.ts'

export interface Schedule {
  readonly name: string
  readonly strategy: 'exact' | 'factorised' | 'landmarks' | 'compressed' | 'bucketed'
  readonly dim: number
  readonly valueDim: number
  /** r; 0 for the exact strategy. */
  readonly features: number
  readonly causal: boolean
  /** What a group is: see above. */
  readonly groups: 'kvHeads' | 'heads'
  /**
   * No query row needs another: a call may also be run in blocks of its rows, `offset` being the first one. What
   * carries a state takes the blocks in turn, with the rows of keys and values that came with each.
   */
  readonly rows?: 'apart'
  /** Rows of a chunk: of the state's granularity, and of the tiles inside. */
  readonly chunk: number
  /** How many chunks a call has. */
  readonly chunks: Size
  readonly buffers: readonly BufferPlan[]
  /** Each a kernel; dispatched in this order but for `rounds`. */
  readonly passes: readonly Pass[]
  readonly rounds?: Rounds
  /** The forms of decoding, where the attention has them: the whole prefix, then a token at a time. */
  readonly decoding?: { readonly prefill: Schedule; readonly step: Schedule }
}

/**
 * The passes from `first` to `last` are dispatched `times` times over. After
 * each round two buffers change names, for the rounds and passes to come.
 */
export interface Rounds {
  readonly first: string
  readonly last: string
  readonly times: number
  readonly swap: readonly [string, string]
}

export interface BufferPlan {
  readonly name: string
  readonly role:
    'input' | 'output' | 'scratch' | 'projection' | 'factors' | 'lengths' | 'weight' | 'state' | 'heads'
  /** Of the role `heads`: the number of each query head, in the variable `head`. */
  readonly value?: Expression
  readonly element: 'f32' | 'u32'
  /** In elements. */
  readonly size: Size
  /** Layout, for the reader. */
  readonly layout: string
}

/**
 * How a workgroup is laid over a tile of `rows` × `columns` results (`steps` ×
 * `columns` where components of φ are what a result has one of): eight threads
 * along the columns, `threads` / 8 down the rows, each holding its rows in fours
 * (the lanes of vec4 registers).
 */
export interface Tile {
  readonly threads: number
  readonly rows: number
  /** Keys, or feature components, taken at a time. */
  readonly steps: number
  /** Value columns of one workgroup. */
  readonly columns: number
}

/** φ of one side, as the passes that compute it see it. */
export interface Features {
  readonly side: 'query' | 'key'
  readonly blocks: readonly ScheduledBlock[]
}

/** `size` components of φ that share one expression; see `algebra/attention.ts`. */
export interface ScheduledBlock {
  /** Index of the first component in φ. */
  readonly start: number
  readonly size: number
  /**
   * Component c sees row c of the projections as `w`; else it sees its index as `component`, and where rows
   * are projected beforehand `projected[component]`.
   */
  readonly projected: boolean
  readonly term: Term
}

/**
 * An expression as it is computed. Rows carry √scale inside the expressions,
 * and scaled exponents are in base 2 with every positive constant factor
 * folded in, so that a term is `coefficient · 2^exponent`, coefficient absent
 * where it is 1.
 */
export type Term =
  | { readonly kind: 'plain'; readonly value: Expression }
  | { readonly kind: 'scaled'; readonly exponent: Expression; readonly coefficient?: Expression }

/** How sums over exponentials are kept from overflow and underflow. */
export type Scaling =
  /** As written: nothing has an exponent, or the file wants no stabilisation or the papers' maxima. */
  | 'plain'
  /** Running base-2 log-scales beside the sums. */
  | 'scaled'

/** Numbers of a chunk's state: S, z, and the scales in the chunk and before it. */
export const stateSize = (features: number, valueDim: number, scaling: Scaling): number =>
  features * (valueDim + (scaling === 'scaled' ? 3 : 1))

/** Numbers of the state that decoding carries: S, z and the scales. */
export const carriedSize = (features: number, valueDim: number, scaling: Scaling): number =>
  features * (valueDim + (scaling === 'scaled' ? 2 : 1))

/** Storage buffers that a kernel may bind on every device. */
export const buffersOfAPass = 8

/** What a dispatch does: a fused kernel, or cell by cell as an equation says. */
export type Pass = WorkgroupPass | EquationPass

export type WorkgroupPass =
  | StepPass
  | GatherPass
  | OnlinePass
  | ProductPass
  | ReducePass
  | ScanPass
  | FinishPass
  | HashPass
  | OffsetsPass
  | PlacePass
  | NearPass
  | TransformPass
  | ProjectPass

export interface PassBase {
  /** Unique in the schedule; a WGSL identifier. */
  readonly name: string
  /** Where the pass is for projections of one kind alone: drawn from their law, or given by the caller. */
  readonly when?: 'drawn' | 'given'
  /** Linear count of workgroups. */
  readonly workgroups: Size
  /** In binding order. */
  readonly buffers: readonly string[]
}

export interface Dispatch {
  readonly pass: Pass
  /** In the pass's binding order. */
  readonly buffers: readonly string[]
}

/** What is run, in order: every pass, rounds written out. */
export function dispatchesOf({ passes, rounds }: Pick<Schedule, 'passes' | 'rounds'>): Dispatch[] {
  const once = (these: readonly Pass[], swapped: boolean): Dispatch[] => {
    const [left, right] = rounds?.swap ?? []
    const other = (name: string): string => (name === left ? right : name === right ? left : name) ?? name
    return these.map((pass) => ({ pass, buffers: swapped ? pass.buffers.map(other) : pass.buffers }))
  }
  if (rounds === undefined) return once(passes, false)
  const from = passes.findIndex(({ name }) => name === rounds.first)
  const to = passes.findIndex(({ name }) => name === rounds.last) + 1
  return [
    ...once(passes.slice(0, from), false),
    ...Array.from({ length: rounds.times }, (_, round) =>
      once(passes.slice(from, to), round % 2 === 1),
    ).flat(),
    ...once(passes.slice(to), rounds.times % 2 === 1),
  ]
}
