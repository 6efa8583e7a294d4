/**
 * A set of reals that holds every value of an expression. Signs and bounds are proved by it. An end is open if
 * the expression approaches it and never takes it, as exp approaches 0. A rule may give a larger set than the
 * true one, never a smaller one. Points where an operator is undefined (division by 0, log of a negative
 * number) are left out.
 */
export interface Interval {
  readonly low: number
  readonly high: number
  readonly openLow: boolean
  readonly openHigh: boolean
}

/** The numbers from `low` to `high`; `open` says which ends are left out. Infinite ends always are. */
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

/** One number. */
export const point = (value: number): Interval => interval(value, value)
/** All numbers. */
export const everything: Interval = interval(-Infinity, Infinity)
/** 0 and all positive numbers. */
export const nonnegative: Interval = interval(0, Infinity)
/** The numbers from 0 to 1. */
export const unit: Interval = interval(0, 1)

/** Whether no number of the set is below 0. */
export const isNonnegative = ({ low }: Interval): boolean => low >= 0
/** Whether all numbers of the set are above 0. */
export const isPositive = ({ low, openLow }: Interval): boolean => low > 0 || (low === 0 && openLow)
/** Whether no number of the set is above 0. */
export const isNonpositive = ({ high }: Interval): boolean => high <= 0
/** Whether both ends are finite. */
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

/** Contains a + b. */
export function add(a: Interval, b: Interval): Interval {
  return between(
    { at: a.low + b.low, open: a.openLow || b.openLow },
    { at: a.high + b.high, open: a.openHigh || b.openHigh },
  )
}

/** Contains −a. */
export function negate(a: Interval): Interval {
  return between({ at: 0 - a.high, open: a.openHigh }, { at: 0 - a.low, open: a.openLow })
}

/** Contains a − b. */
export const subtract = (a: Interval, b: Interval): Interval => add(a, negate(b))

function timesEnd(a: End, b: End): End {
  if (a.at === 0 || b.at === 0) return { at: 0, open: !((a.at === 0 && !a.open) || (b.at === 0 && !b.open)) }
  return { at: a.at * b.at, open: a.open || b.open }
}

/** Contains a·b. */
export function multiply(a: Interval, b: Interval): Interval {
  const corners = [lowEnd(a), highEnd(a)].flatMap((x) => [lowEnd(b), highEnd(b)].map((y) => timesEnd(x, y)))
  return between(least(corners), greatest(corners))
}

/** Contains 1/a. */
export function reciprocal(a: Interval): Interval {
  if ((a.low < 0 && a.high > 0) || (a.low === 0 && a.high === 0)) return everything
  const below = a.high <= 0
  const invert = (end: End): End => ({
    at: end.at === 0 ? (below ? -Infinity : Infinity) : 1 / end.at,
    open: end.open || end.at === 0,
  })
  return between(invert(highEnd(a)), invert(lowEnd(a)))
}

/** Contains a/b. */
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

/** Contains the smaller of a and b. */
export function min(a: Interval, b: Interval): Interval {
  return between(least([lowEnd(a), lowEnd(b)]), highEnd(a).at < highEnd(b).at ? highEnd(a) : highEnd(b))
}

/** Contains the larger of a and b. */
export function max(a: Interval, b: Interval): Interval {
  return between(lowEnd(a).at > lowEnd(b).at ? lowEnd(a) : lowEnd(b), greatest([highEnd(a), highEnd(b)]))
}

/** Contains |a|. */
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

/** Contains cos a. */
export const cos: (a: Interval) => Interval = wave(Math.cos, 0)
/** Contains sin a. */
export const sin: (a: Interval) => Interval = wave(Math.sin, Math.PI / 2)
