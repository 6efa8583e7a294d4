// The table of errors in README.md: found by its heading, read, and written anew.
import { specs } from '../numeric/small-specs.ts'
import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../../README.md', import.meta.url)

const headings = [
  'WebGPU in Node.js',
  'WebAssembly in Node.js',
  'gpu.js in Node.js',
  'WebGPU in Chromium',
  'WebAssembly in Chromium',
  'WebGL 2 in Chromium',
  'WebGPU in Deno',
] as const

export type Heading = (typeof headings)[number]

/** Cells as they are written, by row and column. */
type Table = ReadonlyMap<string, ReadonlyMap<string, string>>

/** Errors by row and column; undefined where a backend has no answer. */
type Errors = ReadonlyMap<string, ReadonlyMap<Heading, number | undefined>>

/** Where a backend has no answer. */
const none = '–'

const printed = (error: number | undefined): string => error?.toExponential(1) ?? none

/** Puts errors into the table, whose other cells stay; rows come in the order of their names. */
export function writeErrors(measured: Errors): void {
  const table = readTable()
  const names = specs.toSorted()
  const rowOf = (name: string) =>
    new Map(
      headings.map((heading) => {
        const found = measured.get(name)
        return [
          heading,
          found?.has(heading) ? printed(found.get(heading)) : (table.get(name)?.get(heading) ?? ''),
        ]
      }),
    )
  writeTable(new Map(names.map((name) => [name, rowOf(name)])))
}

/** What the table says otherwise than was measured, or by half. */
export function untrueCells(measured: Errors): string[] {
  const table = readTable()
  return [...measured].flatMap(([name, row]) =>
    [...row].flatMap(([heading, error]) => {
      const [said, found] = [table.get(name)?.get(heading), printed(error)]
      return said === found || Math.abs(Math.log2(Number(found) / Number(said))) < 1
        ? []
        : [`${name}, ${heading}: the table says ${said}, measured was ${found}`]
    }),
  )
}

/** The names of the table's rows. */
export const rowNames = (): string[] => [...readTable().keys()]

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
function find(): Place {
  const lines = readFileSync(file, 'utf8').split('\n')
  const first = lines.findIndex((line) => cellsOf(line).slice(1).join() === headings.join())
  if (first < 0) throw new Error(`README.md has no table with the columns ${headings.join(', ')}`)
  const end = lines.findIndex((line, index) => index > first && !line.startsWith('|'))
  return { before: lines.slice(0, first), lines: lines.slice(first, end), after: lines.slice(end) }
}

function readTable(): Table {
  const rows = find().lines.slice(2).map(cellsOf)
  return new Map(
    rows.map(([row = '', ...cells]) => [
      row,
      new Map(headings.map((heading, n) => [heading, cells[n] ?? ''])),
    ]),
  )
}

function writeTable(table: Table): void {
  const rows = [...table].map(([row, cells]) => [row, ...headings.map((column) => cells.get(column) ?? '')])
  const all = [['spec', ...headings], ...rows]
  const widths = ['spec', ...headings].map((_, n) => Math.max(...all.map((cells) => (cells[n] ?? '').length)))
  const print = (cells: readonly string[]): string =>
    `| ${cells.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' | ')} |`
  const [heading = [], ...others] = all
  const rule = widths.map((width) => '-'.repeat(width))
  const { before, after } = find()
  writeFileSync(file, [...before, ...[heading, rule, ...others].map(print), ...after].join('\n'))
}
