/**
 * Expectations of features over their projections, in closed form: what proves
 * that an attention estimates its kernel, and how well.
 *
 * Everything is brought into one ring (`ring/value.ts`): sums of products of
 * polynomials in the rows and exponentials of them, with complex coefficients, so
 * that sines and hyperbolic functions are exponentials too. There
 *
 *   lift.ts       takes expressions of the language apart, sums over entries included
 *   gaussian.ts   takes the mean over a normal row: completing the square, and
 *                 Stein's lemma for the polynomial in front
 *   sphere.ts     the same for rows of fixed length
 *   couplings.ts  says which of these a way of drawing projections has
 *   compare.ts    decides whether two values are one function
 *   express.ts    writes a value in the language again
 *
 * and on top of it
 *
 *   claims.ts          is φ(q)·φ(k) unbiased for the kernel? With the derivation
 *   integrated.ts      the same by numerical integration, where a closed form is out of reach
 *   variance.ts        the variance of one entry of the kernel, from the mean of the square
 *   fourth-moment.ts   how well a sample tells that variance
 *   quality.ts         what that says about the attention weights, and how many projections it takes
 *
 * What cannot be decided is said to be so, and left to statistical tests.
 */
export { proveClaim } from './claims.ts'
export { marginalOf } from './couplings.ts'
export { expectationAt } from './integrated.ts'
export { fourthMoment } from './fourth-moment.ts'
export { quality, qualityOfRows } from './quality.ts'
export type { ClaimVerdict } from './verdict.ts'
export { variance, type Rows, type Variance } from './variance.ts'
