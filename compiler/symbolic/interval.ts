/**
 * Sets of reals that an expression is known to stay within: what proves a sign
 * or a bound. An end is open where its value is approached and never taken, as
 * 0 is by exp. Every rule may give a larger set than the true one, never a
 * smaller; where an operator is undefined (division by 0, log of a negative
 * number) it is not taken to have a value.
 */
export interface Interval {
  readonly low: number
  readonly high: number
  readonly openLow: boolean
  readonly openHigh: boolean
}

export function interval(
  low: number,
  high: number,
  open: 'closed' | 'low' | 'high' | 'both' = 'closed',
): Interval {
  return {
    low,
    high,
    openLow: open === 'low' || open === 'both' || low === -Infinity,
    openHigh: open === 'high' || open === 'both' || high === Infinity,
  }
}

export const point = (value: number): Interval => interval(value, value)
export const everything: Interval = interval(-Infinity, Infinity)
export const nonnegative: Interval = interval(0, Infinity)
export const unit: Interval = interval(0, 1)

export const isNonnegative = ({ low }: Interval): boolean => low >= 0
export const isPositive = ({ low, openLow }: Interval): boolean => low > 0 || (low === 0 && openLow)
export const isNonpositive = ({ high }: Interval): boolean => high <= 0
export const isBounded = ({ low, high }: Interval): boolean => low > -Infinity && high < Infinity

interface End {
  readonly at: number
  readonly open: boolean
}

const lowEnd = (a: Interval): End => ({ at: a.low, open: a.openLow })
const highEnd = (a: Interval): End => ({ at: a.high, open: a.openHigh })
const between = (low: End, high: End): Interval => ({
  low: low.at,
  high: high.at,
  openLow: low.open,
  openHigh: high.open,
})

const least = (ends: readonly End[]): End =>
  ends.reduce((a, b) => (b.at < a.at || (b.at === a.at && a.open) ? b : a))
const greatest = (ends: readonly End[]): End =>
  ends.reduce((a, b) => (b.at > a.at || (b.at === a.at && a.open) ? b : a))

export function add(a: Interval, b: Interval): Interval {
  return between(
    { at: a.low + b.low, open: a.openLow || b.openLow },
    { at: a.high + b.high, open: a.openHigh || b.openHigh },
  )
}

export function negate(a: Interval): Interval {
  return between({ at: 0 - a.high, open: a.openHigh }, { at: 0 - a.low, open: a.openLow })
}

export const subtract = (a: Interval, b: Interval): Interval => add(a, negate(b))

function timesEnd(a: End, b: End): End {
  if (a.at === 0 || b.at === 0) return { at: 0, open: !((a.at === 0 && !a.open) || (b.at === 0 && !b.open)) }
  return { at: a.at * b.at, open: a.open || b.open }
}

export function multiply(a: Interval, b: Interval): Interval {
  const corners = [lowEnd(a), highEnd(a)].flatMap((x) => [lowEnd(b), highEnd(b)].map((y) => timesEnd(x, y)))
  return between(least(corners), greatest(corners))
}

export function reciprocal(a: Interval): Interval {
  if ((a.low < 0 && a.high > 0) || (a.low === 0 && a.high === 0)) return everything
  const below = a.high <= 0
  const invert = (end: End): End => ({
    at: end.at === 0 ? (below ? -Infinity : Infinity) : 1 / end.at,
    open: end.open || end.at === 0,
  })
  return between(invert(highEnd(a)), invert(lowEnd(a)))
}

export const divide = (a: Interval, b: Interval): Interval => multiply(a, reciprocal(b))

/** Image under a strictly increasing function, whose limits `f` gives at ±∞. */
export const increasing =
  (f: (x: number) => number) =>
  (a: Interval): Interval =>
    between({ at: f(a.low), open: a.openLow }, { at: f(a.high), open: a.openHigh })

/** Image under a function that never decreases but may be constant: ends may be taken. */
export const nondecreasing =
  (f: (x: number) => number) =>
  (a: Interval): Interval =>
    interval(f(a.low), f(a.high))

export function min(a: Interval, b: Interval): Interval {
  return between(least([lowEnd(a), lowEnd(b)]), highEnd(a).at < highEnd(b).at ? highEnd(a) : highEnd(b))
}

export function max(a: Interval, b: Interval): Interval {
  return between(lowEnd(a).at > lowEnd(b).at ? lowEnd(a) : lowEnd(b), greatest([highEnd(a), highEnd(b)]))
}

export function abs(a: Interval): Interval {
  if (a.low >= 0) return a
  if (a.high <= 0) return negate(a)
  return between({ at: 0, open: false }, greatest([highEnd(negate(a)), highEnd(a)]))
}

/** aⁿ where it is real. */
export function power(a: Interval, exponent: number): Interval {
  if (exponent === 0) return point(1)
  if (exponent < 0) return reciprocal(power(a, -exponent))
  const grow = increasing((x) => x ** exponent)
  if (!Number.isInteger(exponent)) return grow(max(a, point(0)))
  return exponent % 2 === 0 ? grow(abs(a)) : grow(a)
}

/** Any power of a positive base is positive. */
export const raised = (base: Interval): Interval => (base.low > 0 ? interval(0, Infinity, 'low') : everything)

/** Image under a wave of period 2π with a peak at `peak` and a trough half a period on. */
const wave =
  (f: (x: number) => number, peak: number) =>
  (a: Interval): Interval => {
    if (!isBounded(a)) return interval(-1, 1)
    const meets = (phase: number): boolean => {
      const turn = Math.ceil((a.low - phase) / (2 * Math.PI))
      return turn * 2 * Math.PI + phase <= a.high
    }
    const ends = [f(a.low), f(a.high)]
    return interval(meets(peak + Math.PI) ? -1 : Math.min(...ends), meets(peak) ? 1 : Math.max(...ends))
  }

export const cos: (a: Interval) => Interval = wave(Math.cos, 0)
export const sin: (a: Interval) => Interval = wave(Math.sin, Math.PI / 2)
