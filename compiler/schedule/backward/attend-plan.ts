/** What the passes of the adjoint of exact attention share, and the attention that each of its gradients is. */
import type { RowOperand, ScaledTerm } from '../../algebra/attention.ts'
import { z } from '../equation/build.ts'
import { headAt } from '../equation/heads.ts'
import type { Head } from '../equation/heads.ts'
import type { Attend, Plan, Planner, RowSums } from '../planner.ts'
import type { Over, Rows } from '../schedule.ts'
import type { Entry } from './adjoint.ts'
import { exchanged, transposedMask } from './exchange.ts'

/** An attention whose adjoint is wanted. */
export interface AttendAdjoint {
  readonly planner: Planner
  readonly attend: Attend
  readonly operands: {
    readonly queries: RowOperand
    readonly keys: RowOperand
    readonly values?: RowOperand
  }
  /** Of the result. */
  readonly cotangent: Entry
}

/** What the passes of one adjoint share. */
export interface Plans extends AttendAdjoint {
  readonly kernel: ScaledTerm
  readonly apart: boolean
  readonly sums: RowSums
  /** Rows with their cotangents and scales behind them, and rows with their values. */
  readonly queryRows: Rows
  readonly keyRows: Rows
  /** Cotangents over the rows' denominators. */
  readonly cotangents: Rows
  /** Entries of such a row. */
  readonly width: number
}

/** Rows that a buffer has room for, of which a call may count fewer. */
export const roomCount = ({ count }: Rows): Rows['count'] =>
  count === 'counted' ? 'length' : count === 'visible' ? 'keyLength' : count

/** The owners of rows that are made of such rows. */
export function finest(...rows: readonly (Rows | undefined)[]): Rows['of'] {
  const owners = rows.flatMap((one) => one?.of ?? [])
  if (owners.some((of) => of === 'queryHead' || of === 'sliceQueryHead')) return 'sliceQueryHead'
  return owners.every((of) => of === 'head') ? 'head' : 'sliceKeyHead'
}

/** The head of the cells of a pass. */
export const headOf = ({ attend: { over } }: Plans): Head =>
  headAt('kvHeads', over, z, { lengths: over !== 'head' })

/** The heads whose rows these are. */
export function ownersOf({ of }: Rows): Over {
  if (of === 'head') return 'head'
  return of === 'keyHead' || of === 'sliceKeyHead' ? 'sliceKeyHead' : 'sliceQueryHead'
}

/** The attention of `own` rows to their partners with weights of this kernel, nothing divided. */
export function attendPartners(
  plans: Plans,
  own: 'q' | 'k',
  from: {
    readonly name: string
    readonly kernel: ScaledTerm
    readonly values: Rows
    readonly columns: number
    readonly out: Rows
  },
): Plan {
  const { attend, planner, queryRows, keyRows, width } = plans
  const { attention, mask, over, only } = attend
  const transposed = own === 'k'
  return planner.attend({
    ...from,
    attention: { ...attention, dim: width, scale: 1 },
    kernel: transposed ? exchanged(from.kernel) : from.kernel,
    mask: transposed ? transposedMask(mask) : mask,
    over,
    queries: transposed ? { ...keyRows, count: roomCount(keyRows) } : queryRows,
    keys: transposed ? queryRows : keyRows,
    division: { kind: 'none' },
    ...(only && { only }),
  })
}
