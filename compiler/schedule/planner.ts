/**
 * The row operations that targets compute each in its own way. A strategy (`strategies/`) writes an attention in these
 * verbs, once for all targets, and adds equations where one serves them all. A planner answers each verb with passes:
 * fused ones where workgroups have memory (`workgroups/`), the same with tiles for one thread and its caches
 * (`sequential/`), equations alone on devices without scatter (`cells/`). A factorised attention is one verb, because
 * its passes share their decisions: how sums are held, the chunks, and who projects.
 */
import type { Size } from '../../runtime/contract/size.ts'
import type { Attention, Carry, Division, Mask, ScaledTerm } from '../algebra/attention.ts'
import { headsOfGroup } from './operands.ts'
import type { Beside, BufferPlan, Epilogue, Only, Over, Pass, RecurPass, Rows, Schedule } from './schedule.ts'

/** The verbs, each with the passes that compute its result, and the facts of a target that strategies need. */
export interface Planner {
  /** Σ_j κ(query, key_j) value_j / Σ_j κ(query, key_j). */
  readonly attend: (from: Attend) => Plan
  /** The same for one token behind those in a cache, if there is a way of its own: it sees all that the cache then holds. */
  readonly attendToken?: (from: Attend) => Plan
  /** The sums of the same rows, with nothing divided: what gradients begin with. */
  readonly sums: (from: Omit<Attend, 'out' | 'epilogue' | 'division' | 'beside'>) => RowSums
  /** One of two attentions into one result: `few` for short batch items, `many` for the others. */
  readonly attendEither: (from: Either) => Plan
  /** A product of two matrices of each head. */
  readonly product: (from: Product) => Pass
  /** New rows of keys or values, behind those in a cache of decoding. */
  readonly append: (copy: Copy) => Pass
  /** A state that rows change one after another; absent where no pass goes through rows in order. */
  readonly recur?: (from: Recur) => Plan
  /** φ, states, and the readings of queries: a whole schedule. */
  readonly factorised: (attention: Attention, carry: Carry) => Schedule
  /** What gradients of a factorised attention begin with, where there is more than equations, which compute it else. */
  readonly cotangents?: (attention: Attention, carry: Carry) => Cotangents | undefined
  /** Whether threads of a dispatch compute blocks of cells of equations in gradients. */
  readonly blocks?: true
  /** Whether query rows stand apart, so that a call may run in blocks of them. */
  readonly rowsApart: boolean
}

/** Passes in order, and the buffers that they need beside their operands. */
export interface Plan {
  readonly passes: readonly Pass[]
  readonly buffers: readonly BufferPlan[]
  /** Stretches of keys that are taken apart: the rows of one, and how many a call has. */
  readonly chunks?: Pick<Schedule, 'chunk' | 'chunks'>
}

/**
 * Passes that leave cotangents of φ, over its exponentials, in `queryCotangents` and `keyCotangents`, [heads, rows,
 * features], and the gradients of values for each group in `valueCotangents`, [groups, S, valueDim]. Numbers of key rows
 * that are not visible may be anything.
 */
export type Cotangents = Pick<Plan, 'passes' | 'buffers'>

/** Passes that leave the sums of each row in a buffer, side by side: numerators, denominator, and a log-scale if scaled. */
export interface RowSums extends Plan {
  /** [heads, rows, columns + 1, or + 2 if scaled] */
  readonly buffer: string
  readonly scaled: boolean
  /** What the numbers of a log-scale are multiples of, as natural logarithms. */
  readonly unit: number
}

/** A matrix for each head, with a fixed number of rows. */
export type Matrix = Rows & { readonly count: number }

/** Attention of rows to rows. */
export interface Attend {
  /** In the names of passes, and of the buffers between them. */
  readonly name: string
  readonly attention: Attention
  readonly kernel: ScaledTerm
  readonly mask: Mask
  readonly over: Over
  readonly queries: Rows
  readonly keys: Rows
  /** Absent: the result is the matrix of weights, a column a key. */
  readonly values?: Rows
  /** Entries of a row of the result. */
  readonly columns: number
  readonly division: Division
  /** In the denominators, beside the weights of keys. */
  readonly beside?: Beside
  readonly out: Rows
  /** Added to the quotients. */
  readonly epilogue?: Epilogue
  readonly only?: Only
}

/** Two attentions of which one is for each batch item, with the same epilogue. */
export interface Either {
  readonly many: Attend
  readonly few: Attend
  /** The most rows, of queries or of keys, of an item for which it is `few`. */
  readonly most: number
}

/** out = factor · left · right, or factor · left · (diagonal·I − right). */
export interface Product {
  readonly name: string
  readonly over: Over
  readonly left: Matrix
  /** Where its rows are those of the call, the left are weights, whose rows may be longer. */
  readonly right: Rows
  readonly out: Matrix
  /** Entries of a row of the result. */
  readonly columns: number
  readonly diagonal?: number
  /** 1 where absent. */
  readonly factor?: number
  readonly only?: Only
  /** The result, for the reader. */
  readonly what: string
}

/** A state that rows change, and that queries read; see `RecurPass`. */
export type Recur = Pick<
  RecurPass,
  'name' | 'features' | 'queries' | 'scale' | 'terms' | 'out' | 'carries'
> & {
  /** Columns of S. */
  readonly valueDim: number
  /** What tells which rows count, and where they begin, beside the rows. */
  readonly counts: readonly string[]
  /** The rows are those of one token. */
  readonly token?: true
}

/** Rows of a call that go into a cache. */
export interface Copy {
  readonly from: Rows
  readonly to: string
  readonly width: number
}

/** The number of heads that a buffer of scratch has rows for. */
export function headsOf(of: Rows['of']): Size {
  switch (of) {
    case 'head':
      return 'heads'
    case 'sliceKeyHead':
      return 'sliceCount'
    default:
      return ['*', 'sliceCount', headsOfGroup]
  }
}
