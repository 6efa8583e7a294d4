/**
 * A line too long to read, broken at the commas of its outermost list in
 * brackets, whose entries are broken in turn while they are too long.
 */

const width = 110

/**
 * The line as it is, if 110 characters hold it or it has no list; else its pieces, each list entry indented
 * by two spaces.
 */
export function wrap(line: string): string[] {
  if (line.length <= width) return [line]
  const list = outermostList(line)
  if (list === undefined) return [line]
  const indent = ' '.repeat(line.length - line.trimStart().length)
  return [
    line.slice(0, list.open + 1),
    ...list.entries.flatMap((entry) => wrap(`${indent}  ${entry},`)),
    `${indent}${line.slice(list.close)}`,
  ]
}

interface List {
  readonly open: number
  readonly close: number
  readonly depth: number
  readonly entries: readonly string[]
}

/** Of the brackets that hold commas the least deep, and of those the longest. */
function outermostList(line: string): List | undefined {
  const lists: List[] = []
  const unclosed: { open: number; starts: number[] }[] = []
  for (let position = 0; position < line.length; position++) {
    const character = line.charAt(position)
    if ('([{'.includes(character)) unclosed.push({ open: position, starts: [position + 1] })
    if (character === ',') unclosed.at(-1)?.starts.push(position + 1)
    if (!')]}'.includes(character)) continue
    const bracket = unclosed.pop()
    if (bracket === undefined || bracket.starts.length === 1) continue
    const ends = [...bracket.starts.slice(1).map((start) => start - 1), position]
    const entries = bracket.starts.map((start, index) => line.slice(start, ends[index]).trim())
    lists.push({ open: bracket.open, close: position, depth: unclosed.length, entries })
  }
  const size = ({ open, close }: List): number => close - open
  return lists.sort((a, b) => a.depth - b.depth || size(b) - size(a))[0]
}
