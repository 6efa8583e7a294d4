/**
 * Rows that a hash brings together (Kitaev et al., "Reformer", 2020). In each
 * round a row x falls into the bucket
 *
 *     argmax [x·r_1, …, x·r_{B/2}, −x·r_1, …, −x·r_{B/2}]     (the first of equals)
 *
 * of the round's rotations r; the rows are sorted by bucket, in a bucket by
 * position, and cut into chunks. A query meets the keys of its chunk and of the
 * chunk before it; the first chunk has none before it.
 *
 * The rounds are combined by the logarithms of their sums, which is to say that
 * their numerators add up, and their denominators:
 *
 *     out_i = Σ_rounds softmax(log D_i)·(U_i / D_i) = Σ_rounds U_i / Σ_rounds D_i.
 *
 * So a pair that meets in several rounds counts as often.
 */
import type { AttentionModel, BucketsModel } from '../semantics/model.ts'
import { exponential, extended, multiply, toNumber } from '../symbolic/extended.ts'
import type { Head } from './head.ts'
import { dot, Vector } from './vector.ts'
import type { Score } from './weights.ts'

/** What a row weighs for itself: enough to be seen where it sees no other row, and nothing beside one. */
export const SELF = exponential(-100_000)

/** √scale·x/|x| of each row √scale·x; a row of zeros stays. */
export function ownKeys(rows: readonly Vector[], scale: number): Vector[] {
  return rows.map((row) => {
    const norm = Math.sqrt(toNumber(dot(row, row)))
    return norm === 0 ? row : Vector.ofNumbers(row.mantissa.map((entry) => (entry / norm) * Math.sqrt(scale)))
  })
}

/** The score of a pair in all rounds together, zero where it never meets; `score` itself where no hash is asked for. */
export function meetings(
  model: AttentionModel,
  head: Head,
  rotations: readonly Vector[],
  score: Score,
): Score {
  const times = timesMet(model, head, rotations)
  if (times === undefined) return score
  return (i, j) => {
    const met = times(i, j)
    if (met === 0) return extended(0)
    return multiply(extended(met), i === j ? SELF : score(i, j))
  }
}

/** In how many rounds query row i meets key row j; absent where no hash is asked for. */
export function timesMet(
  { buckets }: AttentionModel,
  { q, k }: Pick<Head, 'q' | 'k'>,
  rotations: readonly Vector[],
): ((i: number, j: number) => number) | undefined {
  if (buckets === undefined) return undefined
  const chunks = chunksOf(q.slice(0, k.length), rotations, buckets)
  return (i, j) => {
    let times = 0
    for (const round of chunks) {
      const back = (round[i] ?? Infinity) - (round[j] ?? -Infinity)
      if (back === 0 || back === 1) times += 1
    }
    return times
  }
}

/** For each round, the chunk of each row. `rotations` has `count / 2` rows a round. */
export function chunksOf(
  rows: readonly Vector[],
  rotations: readonly Vector[],
  { count, rounds, chunk }: BucketsModel,
): readonly Uint32Array[] {
  return Array.from({ length: rounds }, (_, round) => {
    const own = rotations.slice((round * count) / 2, ((round + 1) * count) / 2)
    const buckets = rows.map((row) => bucketOf(row, own))
    const sorted = rows.map((_, row) => row).sort((a, b) => (buckets[a] ?? 0) - (buckets[b] ?? 0) || a - b)
    const chunks = new Uint32Array(rows.length)
    for (const [place, row] of sorted.entries()) chunks[row] = Math.floor(place / chunk)
    return chunks
  })
}

function bucketOf(row: Vector, rotations: readonly Vector[]): number {
  const sides = rotations.map((rotation) => toNumber(dot(row, rotation)))
  const all = [...sides, ...sides.map((side) => -side)]
  return all.indexOf(Math.max(...all))
}
