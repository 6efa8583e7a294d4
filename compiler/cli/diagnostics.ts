/** Diagnostics on their way out: rendered for people, as data for programs. */
import { render, toJson } from '../diagnostics/render.ts'
import type { Checked } from './failure.ts'
import { colourful, type Io } from './io.ts'
import { printJson } from './json.ts'

/** Everything found in some files. With `json` one document on standard output, and nothing else. */
export function reportFiles(io: Io, files: readonly Checked[], json: boolean): void {
  if (!json) return files.forEach((file) => reportDiagnostics(io, file))
  printJson(io, {
    files: files.map(({ source, diagnostics }) => ({
      file: source.file,
      diagnostics: diagnostics.map((diagnostic) => toJson(diagnostic, source)),
    })),
  })
}

/** On standard error, where they disturb no result. */
export function reportDiagnostics(io: Io, { source, diagnostics }: Checked): void {
  const colour = colourful(io.err, io.env)
  for (const diagnostic of diagnostics) io.err.write(`${render(diagnostic, source, { colour })}\n\n`)
}
