/** Complex numbers: sines and cosines are sums of exponentials with imaginary exponents. */

/** re + i·im. */
export interface Complex {
  readonly re: number
  readonly im: number
}

/** A real number. */
export const real = (re: number): Complex => ({ re, im: 0 })

/** a + b. */
export const plus = (a: Complex, b: Complex): Complex => ({ re: a.re + b.re, im: a.im + b.im })

/** a·b; real numbers stay exactly real. */
export const times = (a: Complex, b: Complex): Complex =>
  a.im === 0 && b.im === 0
    ? real(a.re * b.re)
    : { re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re }

/** re − i·im. */
export const conjugate = (a: Complex): Complex => ({ re: a.re, im: a.im === 0 ? 0 : -a.im })

/** |a|. */
export const size = (a: Complex): number => (a.im === 0 ? Math.abs(a.re) : Math.hypot(a.re, a.im))

/** exp(a). */
export const exponential = (a: Complex): Complex =>
  a.im === 0
    ? real(Math.exp(a.re))
    : { re: Math.exp(a.re) * Math.cos(a.im), im: Math.exp(a.re) * Math.sin(a.im) }

/** The principal value; an integer power and a power of a positive number are what they always are. */
export function raised(a: Complex, power: number): Complex {
  if (a.im === 0 && (a.re >= 0 || Number.isInteger(power))) return real(a.re ** power)
  const length = size(a) ** power
  const angle = Math.atan2(a.im, a.re) * power
  return { re: length * Math.cos(angle), im: length * Math.sin(angle) }
}

/** Whether both parts are finite. */
export const isFinite = (a: Complex): boolean => Number.isFinite(a.re) && Number.isFinite(a.im)
