// The table of errors in README.md: found by its heading, read, and written anew.
import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../../README.md', import.meta.url)

/** Cells as they are written, by row and column. */
export type Table = ReadonlyMap<string, ReadonlyMap<string, string>>

/** Where a backend has no answer. */
export const none = '–'

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())

interface Place {
  readonly before: readonly string[]
  readonly lines: readonly string[]
  readonly after: readonly string[]
}

/** The lines of the table that has these columns beside that of its rows. */
function find(columns: readonly string[]): Place {
  const lines = readFileSync(file, 'utf8').split('\n')
  const first = lines.findIndex((line) => cellsOf(line).slice(1).join() === columns.join())
  if (first < 0) throw new Error(`README.md has no table with the columns ${columns.join(', ')}`)
  const end = lines.findIndex((line, index) => index > first && !line.startsWith('|'))
  return { before: lines.slice(0, first), lines: lines.slice(first, end), after: lines.slice(end) }
}

export function readTable(columns: readonly string[]): Table {
  const rows = find(columns).lines.slice(2).map(cellsOf)
  return new Map(
    rows.map(([row = '', ...cells]) => [row, new Map(columns.map((column, n) => [column, cells[n] ?? '']))]),
  )
}

export function writeTable(columns: readonly string[], table: Table): void {
  const rows = [...table].map(([row, cells]) => [row, ...columns.map((column) => cells.get(column) ?? '')])
  const all = [['spec', ...columns], ...rows]
  const widths = ['spec', ...columns].map((_, n) => Math.max(...all.map((cells) => (cells[n] ?? '').length)))
  const print = (cells: readonly string[]): string =>
    `| ${cells.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' | ')} |`
  const [heading = [], ...others] = all
  const rule = widths.map((width) => '-'.repeat(width))
  const { before, after } = find(columns)
  writeFileSync(file, [...before, ...[heading, rule, ...others].map(print), ...after].join('\n'))
}
