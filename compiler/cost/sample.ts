/**
 * Which workgroups stand for all, and for how many each.
 *
 * How often a workgroup executes each part of its kernel can be had quickly, and mostly changes along a digit of its
 * index in pieces of straight lines: not at all, or as the rows grow that a causal query sees. A stretch between two
 * workgroups is a straight line where its middle lies on it; otherwise it is halved, the worst one first. Of a straight
 * stretch the two ends stand for all. That is exact for pieces of straight lines; where nothing is straight, halving ends
 * after a while, and the rest is interpolated.
 */

/** A workgroup, and how many workgroups it stands for. */
export interface Representative {
  readonly workgroup: number
  readonly weight: number
}

/** After so many halvings along one digit, what lies between is interpolated. */
const most = 24
/** Two numbers are taken to be equal within this share: rounds of loops are whole, and lines have steps. */
const tolerance = 1e-3

/**
 * @param bases of the digits of a workgroup's index, from the one that changes fastest
 * @param profile of a workgroup: numbers of which all that is counted is a linear function
 */
export function representatives(
  bases: readonly number[],
  profile: (workgroup: number) => readonly number[],
): readonly Representative[] {
  const known = new Map<number, readonly number[]>()
  const at = (workgroup: number): readonly number[] => {
    const found = known.get(workgroup) ?? profile(workgroup)
    known.set(workgroup, found)
    return found
  }
  let chosen: readonly Representative[] = [{ workgroup: 0, weight: 1 }]
  const strides = bases.map((_, digit) => bases.slice(0, digit).reduce((all, base) => all * base, 1))
  const middles = bases.map((base) => Math.floor(base / 2))
  for (const [digit, base] of bases.entries()) {
    const stride = strides[digit] ?? 1
    // The other digits stand in the middle while one is looked at.
    const others = middles.reduce(
      (sum, middle, other) => (other === digit ? sum : sum + middle * (strides[other] ?? 1)),
      0,
    )
    const points = alongDigit(base, (value) => at(others + value * stride))
    chosen = chosen.flatMap(({ workgroup, weight }) =>
      points.map((point) => ({
        workgroup: workgroup + point.workgroup * stride,
        weight: weight * point.weight,
      })),
    )
  }
  return merged(chosen, at)
}

/** Values of a digit, and for how many each stands. */
function alongDigit(base: number, profile: (value: number) => readonly number[]): readonly Representative[] {
  const [first, last] = [0, base - 1]
  // A digit along which nothing changes: any value will do.
  const middle = Math.floor(base / 2)
  const probes = [first, Math.min(1, last), middle, Math.max(last - 1, 0), last]
  if (probes.every((value) => areEqual(profile(value), profile(middle))) && isSame(base, middle, profile))
    return [{ workgroup: middle, weight: base }]
  const weights = new Map<number, number>([[first, 1]])
  const add = (value: number, weight: number): void => {
    weights.set(value, (weights.get(value) ?? 0) + weight)
  }
  if (last > first) add(last, 1)
  // The first and the last stand for themselves: beginnings and tails are like no other.
  let stretches = base > 2 ? [stretchOf(1, base - 2, profile)] : []
  for (let halved = 0; halved < most; halved++) {
    const worst = stretches.reduce((most, one) => (one.error > (most?.error ?? 0) ? one : most), stretches[0])
    if (worst === undefined || worst.error === 0) break
    const { from, to } = worst
    const half = Math.floor((from + to) / 2)
    stretches = [
      ...stretches.filter((one) => one !== worst),
      stretchOf(from, half, profile),
      stretchOf(half + 1, to, profile),
    ]
  }
  for (const { from, to } of stretches) {
    add(from, (to - from + 1) / 2)
    add(to, (to - from + 1) / 2)
  }
  return [...weights].map(([workgroup, weight]) => ({ workgroup, weight }))
}

/** Values of a digit, both ends included, and how much is wrong if the two stand for all. */
interface Stretch {
  readonly from: number
  readonly to: number
  readonly error: number
}

function stretchOf(from: number, to: number, profile: (value: number) => readonly number[]): Stretch {
  if (to - from < 2) return { from, to, error: 0 }
  const half = Math.floor((from + to) / 2)
  const [start, middle, end] = [profile(from), profile(half), profile(to)]
  const share = (half - from) / (to - from)
  const line = start.map((value, index) => value + share * ((end[index] ?? 0) - value))
  if (areEqual(middle, line)) return { from, to, error: 0 }
  const off = middle.reduce((sum, value, index) => sum + Math.abs(value - (line[index] ?? 0)), 0)
  return { from, to, error: off * (to - from + 1) }
}

/** Looks at a few more values, spread unevenly, before a digit is taken to change nothing. */
function isSame(base: number, middle: number, profile: (value: number) => readonly number[]): boolean {
  return [0.11, 0.29, 0.43, 0.71, 0.87].every((share) =>
    areEqual(profile(Math.floor(base * share)), profile(middle)),
  )
}

function areEqual(left: readonly number[], right: readonly number[]): boolean {
  return left.every((value, index) => {
    const other = right[index] ?? 0
    return Math.abs(value - other) <= tolerance * Math.max(Math.abs(value), Math.abs(other))
  })
}

/** Workgroups that do the same are one. */
function merged(
  all: readonly Representative[],
  profile: (workgroup: number) => readonly number[],
): readonly Representative[] {
  const kept = new Map<string, Representative>()
  for (const { workgroup, weight } of all) {
    const key = profile(workgroup).join(' ')
    const other = kept.get(key)
    kept.set(key, { workgroup: other?.workgroup ?? workgroup, weight: weight + (other?.weight ?? 0) })
  }
  return [...kept.values()]
}
