/**
 * The polynomials of elementary functions: least-maximum fits, on the range named beside each, for every target that
 * defines these functions itself. Coefficients go from the constant upwards, and are the shortest that give the f32.
 */

/** Nested multiplications, coefficients from the constant upwards. */
export function polynomial(x: string, [constant = '0.0', ...higher]: readonly string[]): string {
  if (higher.length === 0) return constant
  const rest = polynomial(x, higher)
  return `${constant} + ${x} * ${higher.length === 1 ? rest : `(${rest})`}`
}

/** π/2 in parts of 8 bits (Cody and Waite), so that products with counts of quarter turns up to 16 bits are exact. */
export const quarterTurn = ['1.5703125', '4.8446655e-4', '-6.4074993e-7', '9.920936e-10'] as const
/** Of (sin x − x) / x³ in x², for |x| up to π/4. */
export const sineTail = ['-0.1666665', '0.008331868', '-1.9481791e-4'] as const
/** Of (cos x − 1 + x²/2) / x⁴ in x², for |x| up to π/4. */
export const cosineTail = ['0.041666646', '-0.0013887243', '2.4423889e-5'] as const
/** Of (artanh x − x) / x³ in x², for |x| up to 1/3: log(1 + t) is 2 artanh(t / (2 + t)). */
export const artanhTail = ['0.33333206', '0.20010886', '0.13998932', '0.14015637'] as const
/** Of e^(x²/2)·tail(x)·(x + 4) in (x − 4)/(x + 4), for the normal tail beyond x from 0 to 20. */
export const normalTailRatio = [
  '0.75528514',
  '-0.6078965',
  '0.38713714',
  '-0.18652493',
  '0.060399957',
  '-0.007517869',
  '-0.0034927882',
  '0.0015646061',
  '1.4755054e-4',
  '-1.4831076e-4',
] as const
/** Of erf x / x in x², for x from 0 to 1. */
export const errorNearZero = [
  '1.1283791',
  '-0.37612325',
  '0.1128018',
  '-0.026711311',
  '0.0049175513',
  '-5.631422e-4',
] as const
