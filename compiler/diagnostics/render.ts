/**
 * A diagnostic for people:
 *
 *     performer.attn:4:16: error A0303: there is no function `dto`
 *       4 |   kernel:  exp(dto(q, k))
 *         |                ^^^
 *         = help: did you mean `dot`?
 *
 * and for programs.
 */
import type { Diagnostic, Source } from './diagnostic.ts'
import { lineText, placed, type PlacedDiagnostic, placeOf } from './place.ts'

export interface RenderOptions {
  /** ANSI colours; for a terminal. */
  readonly colour?: boolean
}

/** Columns of the source line that are shown; a longer line is cut around the place. */
const widest = 100

export function render(
  diagnostic: Diagnostic,
  source: Source,
  { colour = false }: RenderOptions = {},
): string {
  const { code, severity, message, span, help } = diagnostic
  const paint = colour ? painted : plain
  const start = placeOf(source, span.start)
  const end = placeOf(source, span.end)
  const text = lineText(source, start.line)
  const until = end.line === start.line ? end.column - 1 : text.length
  const { shown, before, marked } = windowOn(text, start.column - 1, Math.max(start.column - 1, until))
  const gutter = String(start.line).length
  const margin = ' '.repeat(gutter + 2)
  const tone = severity === 'error' ? red : yellow
  const lines = [
    `${paint(bold, `${source.file}:${start.line}:${start.column}:`)} ${paint(tone, `${severity} ${code}`)}: ${paint(bold, message)}`,
    `${paint(blue, `  ${start.line} |`)} ${shown}`.trimEnd(),
    `${paint(blue, `${margin} |`)} ${before}${paint(tone, marked)}`,
    ...(help === undefined ? [] : [`${paint(blue, `${margin} =`)} help: ${help}`]),
  ]
  return lines.join('\n')
}

/** The part of a line around a range, what is left of the range as spaces, and the range as carets. */
function windowOn(
  text: string,
  start: number,
  end: number,
): { shown: string; before: string; marked: string } {
  const from = text.length <= widest || start < widest / 2 ? 0 : start - Math.floor(widest / 2)
  const cut = text.slice(from, from + widest)
  const lead = from > 0 ? '…' : ''
  const tail = from + widest < text.length ? '…' : ''
  const shown = `${lead}${visible(cut)}${tail}`
  const before = ' '.repeat(lead.length + widthOf(text.slice(from, start)))
  const within = text.slice(start, Math.min(end, from + widest))
  return { shown, before, marked: '^'.repeat(Math.max(1, widthOf(within))) }
}

/** Tabs as two spaces, controls as a dot: what is underlined must stand above its carets. */
const visible = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replaceAll('\t', '  ').replaceAll(/[\u0000-\u001F\u007F-\u009F\uFEFF]/g, '·')

/** Columns on a terminal: wide letters take two, combining marks none. */
function widthOf(text: string): number {
  let width = 0
  for (const character of visible(text)) width += wide.test(character) ? 2 : combining.test(character) ? 0 : 1
  return width
}

const combining = /^[\p{M}\p{Cf}]$/u
const wide =
  /^(?:\p{Extended_Pictographic}|[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|[\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}])$/u

const bold = 1
const red = 31
const yellow = 33
const blue = 34

type Paint = (style: number, text: string) => string
const plain: Paint = (_style, text) => text
const painted: Paint = (style, text) => `\u001B[${style}m${text}\u001B[0m`

/** One element of `diagnostics` in `attnc check --json`; lines and columns from 1. */
export type DiagnosticJson = Omit<PlacedDiagnostic, 'span'>

export function toJson(diagnostic: Diagnostic, source: Source): DiagnosticJson {
  const { code, severity, message, line, column, endLine, endColumn, help } = placed(diagnostic, source)
  const place = { code, severity, message, line, column, endLine, endColumn }
  return help === undefined ? place : { ...place, help }
}
