// Counter-based random bits: a value is a pure function of where it is asked for, never of what was asked
// before. So every platform, thread and order of evaluation sees the same numbers.

/** Four words are one call of the generator, and make two normal numbers. */
export type Words = [number, number, number, number]

/** The high 32 bits of the 64-bit product of two u32, from 16-bit halves, whose products a double holds exactly. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const middleLow = aLow * bHigh + (middle & 0xffff)
  return (aHigh * bHigh + (middle >>> 16) + (middleLow >>> 16)) >>> 0
}

/**
 * Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011):
 * a keyed bijection of 128-bit counters that passes BigCrush for consecutive counters and for consecutive keys.
 *
 * @param key two u32
 * @param counter four u32
 * @returns four u32
 */
export function philox(key: readonly [number, number], counter: Readonly<Words>): Words {
  let [k0, k1] = key
  let [c0, c1, c2, c3] = counter
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0)
    const low0 = Math.imul(0xd2511f53, c0)
    const high1 = multiplyHigh(0xcd9e8d57, c2)
    const low1 = Math.imul(0xcd9e8d57, c2)
    c0 = (high1 ^ c1 ^ k0) >>> 0
    c1 = low1 >>> 0
    c2 = (high0 ^ c3 ^ k1) >>> 0
    c3 = low0 >>> 0
    k0 = (k0 + 0x9e3779b9) >>> 0
    k1 = (k1 + 0xbb67ae85) >>> 0
  }
  return [c0, c1, c2, c3]
}

/** Where a stream of numbers belongs. No two uses and no two blocks share one. */
export interface Stream {
  /** Integer from 0 to 2^53 − 1: the seed a file or a caller names. */
  readonly seed: number
  /** What the numbers are for. */
  readonly use: number
  /** Which block of rows they are for, from 0. */
  readonly block: number
}

/**
 * The four words at a place of a stream. The seed is the key (low word, high word); the counter is
 * (index, index / 2^32, block, use).
 */
export function wordsAt({ seed, use, block }: Stream, index: number): Words {
  return philox(
    [seed >>> 0, Math.floor(seed / 0x1_0000_0000) >>> 0],
    [index >>> 0, Math.floor(index / 0x1_0000_0000) >>> 0, block >>> 0, use >>> 0],
  )
}
