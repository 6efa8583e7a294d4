/** Offsets to lines and columns, both from 1, columns in UTF-16 code units. */
import type { Diagnostic, Source } from './diagnostic.ts'

export interface Place {
  readonly line: number
  readonly column: number
}

/** A diagnostic with its place in lines and columns, as the library returns it. */
export interface PlacedDiagnostic extends Diagnostic, Place {
  readonly endLine: number
  /** Of the first character after the place. */
  readonly endColumn: number
}

interface Lines {
  readonly source: Source
  /** Offset of the beginning of each line. */
  readonly starts: readonly number[]
}

/** The lines of the text that was asked about last: a file's diagnostics come one after another. */
let latest: Lines | undefined

function linesOf(source: Source): Lines {
  if (latest?.source.text === source.text) return latest
  const starts = [0]
  for (const match of source.text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length)
  latest = { source, starts }
  return latest
}

export function placeOf(source: Source, offset: number): Place {
  const { starts } = linesOf(source)
  let low = 0
  let high = starts.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((starts[middle] ?? 0) <= offset) low = middle
    else high = middle
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
}

export function placed(diagnostic: Diagnostic, source: Source): PlacedDiagnostic {
  const end = placeOf(source, diagnostic.span.end)
  return {
    ...diagnostic,
    ...placeOf(source, diagnostic.span.start),
    endLine: end.line,
    endColumn: end.column,
  }
}

/** The text of a line, without its end. */
export function lineText(source: Source, line: number): string {
  const { starts } = linesOf(source)
  return source.text.slice(starts[line - 1] ?? 0, starts[line] ?? source.text.length).replace(/[\r\n]+$/, '')
}
