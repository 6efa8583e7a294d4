/** What a verification says: one result per property, for people, for `--json` and for test suites. */

/** In the order in which they are checked and shown. */
export const propertyNames = [
  'unbiased',
  'variance',
  'orthogonality',
  'reference',
  'causality',
  'recurrence',
  'permutation',
  'convexity',
  'padding',
  'range',
  'gradient',
] as const
export type PropertyName = (typeof propertyNames)[number]

/**
 * proved: for all inputs, by a derivation · held: in every case that was tried ·
 * refuted: false, with a counterexample · undecided: it was tried, and the trials
 * tell too little · skipped: it does not apply, or nothing here can try it.
 */
export const statuses = ['proved', 'held', 'refuted', 'undecided', 'skipped'] as const
export type Status = (typeof statuses)[number]

export interface PropertyResult {
  readonly name: PropertyName
  readonly status: Status
  /** One sentence: what was found, or why it was skipped. */
  readonly detail: string
  readonly counterexample?: Counterexample
}

export interface Counterexample {
  /** The case in words, such as `length 2, keyLength 2, batch 1`. */
  readonly case: string
  readonly table: Table
  /** What replays it: options of `verify`, and of `attnc verify`. */
  readonly replay: Replay
}

/** Cells are ready to print. */
export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export interface Replay {
  readonly only: string
  readonly property: PropertyName
  readonly seed: number
  /** The place of the case among those that the seed generates; absent where the property has only one. */
  readonly path?: string
  readonly runs: number
}

/** A path that leads to no case: it is of another seed, of another attention, or no path at all. */
export class NoSuchCase extends RangeError {
  override readonly name = 'NoSuchCase'

  constructor(path: string, seed: number) {
    super(`path: expected one that a counterexample of seed ${seed} names, such as 3:0:1, found '${path}'`)
  }
}

export interface AttentionReport {
  readonly name: string
  readonly backend: string
  /** What it ran on, for people. */
  readonly device: string
  readonly properties: readonly PropertyResult[]
  /** What is no fault of the file, and still worth knowing: a sentence each. */
  readonly warnings: readonly string[]
}
