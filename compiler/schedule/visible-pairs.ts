/** How many pairs of query rows and keys a mask shows. */
import type { Mask } from '../algebra/attention.ts'
import { environmentOf, evaluateScalar } from '../symbolic/evaluate.ts'

/** The most pairs for which a condition is evaluated. */
const mostAsked = 2 ** 14
/** Multiples of it, less their whole part, fill [0, 1) evenly however many there are (the golden ratio). */
const evenly = (Math.sqrt(5) - 1) / 2

/**
 * Exact but for a condition on more than 2¹⁴ pairs, which is asked of a sample spread evenly over rows and keys.
 *
 * @param first position of the first of `length` query rows: 0 but when decoding
 */
export function visiblePairs(mask: Mask, length: number, keyLength: number, first = 0): number {
  switch (mask.kind) {
    case 'none':
      return length * keyLength
    case 'causal':
      return pairsUpTo(first + length, keyLength) - pairsUpTo(first, keyLength)
    case 'condition': {
      const shows = (i: number, j: number): boolean =>
        evaluateScalar(mask.condition, environmentOf({ i: first + i, j, length: keyLength })) !== 0
      const all = length * keyLength
      // All of them, or pairs spread evenly over rows and keys.
      const asked = Math.min(all, mostAsked)
      const place = (n: number): number => (all <= mostAsked ? n : Math.floor(((n + 0.5) / asked) * all))
      const column = (n: number): number =>
        all <= mostAsked ? n % keyLength : Math.floor(((n * evenly) % 1) * keyLength)
      let shown = 0
      for (let n = 0; n < asked; n++) if (shows(Math.floor(place(n) / keyLength), column(n))) shown++
      return Math.round((shown / asked) * all)
    }
  }
}

/** Pairs of so many rows from the first on, each with the keys up to its own. */
function pairsUpTo(rows: number, keyLength: number): number {
  const growing = Math.min(rows, keyLength)
  return (growing * (growing + 1)) / 2 + (rows - growing) * keyLength
}
