/**
 * What each way of drawing projections says of a single row, which is all that
 * an expectation depends on.
 */
import { drawnAs } from '../../../runtime/contract/projections.ts'
import type { ProjectionsModel } from '../../semantics/model.ts'

/** The law of a single row. */
export interface Marginal {
  /** Of one row: exactly N(0, I), nearly so, or uniform on the sphere of radius √dim. */
  readonly law: 'normal' | 'nearly normal' | 'spherical'
  /** Up to this degree, the mean of a polynomial in the row is what the law of `normal` or `spherical` rows says. */
  readonly exactDegree: number
  /** Why, as a sentence. */
  readonly reason: string
}

const reasons: Readonly<Record<ProjectionsModel['coupling'], string>> = {
  iid: 'Each row of the projection is N(0, I).',
  orthogonal:
    'Each row of the projection is N(0, I): a row of a Haar-distributed rotation is uniform on the sphere, and its length is an independent chi(dim).',
  simplex:
    'Each row of the projection is N(0, I): a randomly rotated corner of a simplex is uniform on the sphere, and its length is an independent chi(dim).',
  hadamard:
    'The rows of this projection are nearly N(0, I): three rounds of sign flips and Hadamard transforms stand for a random rotation, with the right moments up to degree 3 and a bias below a percent beyond.',
}

/** The law of a single row under this coupling. */
export function marginalOf({ coupling, fixedNorm }: ProjectionsModel, dim: number): Marginal {
  const drawn = drawnAs({ coupling, dim })
  const transformed = drawn === 'hadamard'
  const exactDegree = transformed ? (fixedNorm ? 1 : 3) : Infinity
  if (fixedNorm)
    return {
      law: 'spherical',
      exactDegree,
      reason: `Each row of the projection has length sqrt(dim) and is ${transformed ? 'nearly ' : ''}uniform on that sphere, so its entries are not normal.`,
    }
  return { law: transformed ? 'nearly normal' : 'normal', exactDegree, reason: reasons[drawn] }
}
