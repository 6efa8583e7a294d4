/**
 * Expectations over a row w uniform on the sphere of radius √d, where ‖w‖² = d.
 *
 *     E[p(w)]      = E_N(0,I)[p(w)] · dⁿ/(d(d+2)…(d+2n−2))      for p homogeneous of degree 2n
 *     E[exp(w·u)]  = Σ_n (d·‖u‖²/4)ⁿ / (n!·(d/2)_n)
 *
 * The first factor is 1 up to degree 3; the second is the regularised softmax
 * kernel of Choromanski et al. (2021), and smaller than exp(‖u‖²/2).
 */
import { polynomialMean, standard } from './gaussian.ts'
import { entry, momentOf, type Quadratic, quadraticOf, splitTerm, wholePowerOf } from './quadratic.ts'
import { atomic, constant, exponential, multiply, one, scale, subtract } from './ring/arithmetic.ts'
import { functionAtom, mentions, term } from './ring/atoms.ts'
import { sumOver } from './ring/sums.ts'
import { OutOfReach, type Term, type Value } from './ring/value.ts'

/** @throws OutOfReach where the term has no closed form here */
export function sphericalMean(part: Term, dim: number): Value {
  const { outside, inside } = splitTerm(part)
  const quadratic = quadraticOf(part.exponent)
  const fixed = fixedLength(quadratic, dim)
  const before = multiply(
    [term(outside.coefficient, outside.weight, outside.factors, quadratic.rest)],
    exponential(fixed),
  )
  if (quadratic.linear.length === 0) {
    const polynomial = multiply(...inside.map(({ atom, power }) => atomic(atom, power)))
    const degree = inside.reduce((sum, factor) => sum + wholePowerOf(factor) * momentOf(factor).degree, 0)
    return multiply(before, scale(polynomialMean(polynomial, standard, dim), sphericalShare(degree, dim)))
  }
  if (inside.length > 0)
    throw new OutOfReach('the expectation of a polynomial times an exponential over a sphere')
  const square = sumOver(entry, dim, multiply(quadratic.linear, quadratic.linear))
  return multiply(before, atomic(functionAtom('sphericalMean', [square, constant(dim)])))
}

/** What ‖w‖² contributes to the exponent, where it is d. */
function fixedLength({ diagonal, directions }: Quadratic, dim: number): Value {
  if (directions.length > 0 || mentions(diagonal, entry))
    throw new OutOfReach('the expectation of an exponential of squares over a sphere')
  return scale(subtract(one, diagonal), dim / 2)
}

function sphericalShare(degree: number, dim: number): number {
  let share = 1
  for (let n = 0; n < Math.floor(degree / 2); n++) share *= dim / (dim + 2 * n)
  return share
}
