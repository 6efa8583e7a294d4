/** The decisions behind the equations of one factorised attention. */
import type { Size } from '../../../runtime/contract/size.ts'
import type { Attention } from '../../algebra/attention.ts'
import { add, mul } from '../equation/build.ts'
import type { Head, Known } from '../equation/heads.ts'
import type { Formula } from '../equation.ts'
import type { Groups, Scaling } from '../schedule.ts'
import type { CellAction } from './action.ts'

/** Made once in `cells/factorised.ts`, and read by the files of features, states and reading. */
export interface FactorisedPlan {
  readonly attention: Attention
  readonly features: number
  readonly scaling: Scaling
  readonly causal: boolean
  readonly groups: Groups
  /** Query heads of a slice. */
  readonly heads: Size
  readonly queryCoefficients: boolean
  readonly keyCoefficients: boolean
  /** What rows do to a state; `still` where they do nothing. */
  readonly action: CellAction
  readonly rowsOfChunk: number
  /** Chunks of a block. */
  readonly block: number
  /** The state that a call begins with, as of the row before its first one: a first block, without rows. */
  readonly begins?: StateFormulas | undefined
  /** Of gradients: the cotangents of the state that a call leaves, as of its last row: a last block, without rows. */
  readonly ends?: StateFormulas | undefined
}

/** What a pass knows of each batch item that goes by its length, and by its position where a state comes before it. */
export const knownOf = ({ begins }: FactorisedPlan): Known => ({
  lengths: true,
  ...(begins && { positions: true }),
})

/** Where a cell stands: scales have x: feature, y: state, z: group; sums have x: column, y: feature, z: both. */
export interface Cell {
  readonly feature: Formula
  /** The state's number in its group, and the group's in the slice. */
  readonly state: Formula
  readonly group: Formula
  readonly head: Head
}

/** What the scale and the sums of a state are. */
export interface StateFormulas {
  readonly scale: (at: Cell) => Formula
  /** @param own the state's scale, if sums are scaled */
  readonly sum: (at: Cell, own: Formula | undefined) => Formula
}

/** Index of a component of φ in a buffer [heads, rows, features]. */
export const featureAt = (
  { features }: FactorisedPlan,
  head: Formula,
  rows: Formula,
  row: Formula,
  feature: Formula,
): Formula => add(mul(add(mul(head, rows), row), features), feature)
