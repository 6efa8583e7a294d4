/**
 * The law of random projections: what the compiler proves, plans and tests, and
 * what the runtime draws. A projection matrix [rows × dim] comes in blocks;
 * blocks are independent, and a coupling says how the rows of one depend on each
 * other. Each row alone is N(0, I), or nearly so for fast transforms.
 */

/** In the order by which their random numbers are told apart. */
export const couplings = ['iid', 'orthogonal', 'hadamard', 'simplex'] as const

/** `projection/draw.ts` defines each. */
export type Coupling = (typeof couplings)[number]

/** Which random projection matrix: the `projections:` setting of an attention, and its `dim`. */
export interface ProjectionLaw {
  /** Number of projections m ≥ 1. */
  readonly rows: number
  /** Width of a row, d ≥ 1. */
  readonly dim: number
  readonly coupling: Coupling
  /** Every row has length √dim, in place of a random one. */
  readonly fixedNorm: boolean
  /** Integer from 0 to 2^53 − 1. */
  readonly seed: number
}

/** The law of rows that are independent of one another, each N(0, I). */
export const independent = (rows: number, dim: number, seed: number): ProjectionLaw => ({
  rows,
  dim,
  coupling: 'iid',
  fixedNorm: false,
  seed,
})

type Block = Pick<ProjectionLaw, 'coupling' | 'dim'>

/**
 * Below this size three rounds of sign flips leave too few distinct rows to stand for normal ones: the mean of
 * exp(ω·z) at ‖z‖ = 2 would be 33% off at size 2, 23% at 4 and 4% at 8, against 1% at 16. There is also nothing
 * to save by a fast transform, so the rows of such a block are drawn as orthogonal ones instead.
 */
const smallestTransform = 16

/** The width of a fast transform: the smallest power of two that is at least dim. */
export function paddedSize(dim: number): number {
  let padded = 1
  while (padded < dim) padded *= 2
  return padded
}

/** How rows are in fact drawn: `hadamard` ones only where a transform is large enough. */
export const drawnAs = ({ coupling, dim }: Block): Coupling =>
  coupling === 'hadamard' && paddedSize(dim) < smallestTransform ? 'orthogonal' : coupling

/** Rows of a block; the last block of a matrix may be short. */
export const blockHeight = (block: Block): number =>
  drawnAs(block) === 'hadamard' ? paddedSize(block.dim) : block.dim
