/** What workgroups do, counted. */

/**
 * Counts of one workgroup, or of a whole dispatch. Arithmetic is in threads, the idle lanes of an executed warp included,
 * for they cost as much; `active` tells how many of them were not idle.
 */
export interface Counts {
  readonly multiplyAdds: number
  readonly floats: number
  readonly specials: number
  readonly integers: number
  /** Arithmetic of lanes that were not idle. */
  readonly active: number
  /** Instructions of warps, of every kind. */
  readonly instructions: number
  readonly globalLoads: number
  readonly globalStores: number
  /** Of 32 bytes, touched by each instruction. */
  readonly sectors: number
  /** Sectors that would hold what the lanes of each instruction want. */
  readonly leastSectors: number
  /** Of 128 bytes, touched by each instruction. */
  readonly lines: number
  /** Loads and stores of workgroup memory. */
  readonly sharedAccesses: number
  /** Turns of the banks of workgroup memory. */
  readonly turns: number
  /** The same, were there no conflicts. */
  readonly leastTurns: number
  /** A warp at a barrier. */
  readonly barriers: number
  /** How often a warp waits for global memory, and for workgroup memory. */
  readonly waits: number
  readonly sharedWaits: number
  /** Sectors read, and written, by a workgroup, each counted once a workgroup. */
  readonly sectorsRead: number
  readonly sectorsWritten: number
}

/** The names of all counts. */
export const countNames = [
  'multiplyAdds',
  'floats',
  'specials',
  'integers',
  'active',
  'instructions',
  'globalLoads',
  'globalStores',
  'sectors',
  'leastSectors',
  'lines',
  'sharedAccesses',
  'turns',
  'leastTurns',
  'barriers',
  'waits',
  'sharedWaits',
  'sectorsRead',
  'sectorsWritten',
] as const satisfies readonly (keyof Counts)[]

/** The sum of counts, each so many times. */
export const weigh = (terms: readonly { readonly counts: Counts; readonly weight: number }[]): Counts =>
  Object.fromEntries(
    countNames.map((name) => [
      name,
      terms.reduce((sum, { counts, weight }) => sum + weight * counts[name], 0),
    ]),
  ) as unknown as Counts
