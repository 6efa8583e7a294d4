/** Which known name a misspelt one was probably meant to be. */

/** The closest of `names`, if it is close enough for a suggestion to help rather than puzzle. */
export function nearest<Name extends string>(wanted: string, names: Iterable<Name>): Name | undefined {
  let best: Name | undefined
  // One letter is as near to any other as can be, and tells nothing.
  let bestDistance = wanted.length < 2 ? 0.5 : Math.max(1, Math.floor(wanted.length / 3)) + 0.5
  // Nobody misspells a word by writing pages of letters, and the distance costs their product.
  if (wanted.length > 64) return undefined
  for (const name of names) {
    const distance = editDistance(wanted.toLowerCase(), name.toLowerCase())
    if (distance < bestDistance) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

/** Insertions, deletions, changes and swaps of neighbours that turn one word into the other. */
export function editDistance(from: string, to: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const changed = from[row - 1] === to[column - 1] ? 0 : 1
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      current.push(
        Math.min(
          (previous[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (previous[column - 1] ?? 0) + changed,
          swapped ? (beforePrevious[column - 2] ?? 0) + 1 : Infinity,
        ),
      )
    }
    beforePrevious = previous
    previous = current
  }
  return previous[to.length] ?? 0
}
