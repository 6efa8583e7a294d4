// Tables in Markdown.

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 * @param {number} [left] so many columns are aligned to the left, the others to the right
 */
export function table(head, rows, left = 0) {
  const widths = head.map((word, column) =>
    Math.max(3, word.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (/** @type {readonly string[]} */ cells) =>
    `| ${cells.map((cell, column) => (column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`
  const rule = `| ${widths.map((width, column) => (column < left ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(head), rule, ...rows.map(line)].join('\n')
}
