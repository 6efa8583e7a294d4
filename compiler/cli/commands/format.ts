import { type Format, format } from '../../index.ts'
import type { Context } from '../context.ts'
import { reportFiles } from '../diagnostics.ts'
import type { Source } from '../../diagnostics/diagnostic.ts'
import { toJson } from '../../diagnostics/render.ts'
import { status, usage } from '../failure.ts'
import { readSource, requireUtf8, standardInput } from '../files.ts'
import type { Io } from '../io.ts'
import { printJson } from '../json.ts'
import { jsonOption } from '../options.ts'
import { requirePlace, writeFile } from '../writing/write.ts'

interface Options {
  readonly check?: true
  readonly json?: true
}

/** A file, and what it is in the canonical layout; without `text` where it cannot be read as a spec. */
interface Formatted extends Format {
  readonly source: Source
}

export function addFormat({ program, io, conclude }: Context): void {
  program
    .command('fmt')
    .description('Rewrites specs in the canonical layout.')
    .argument('<spec...>', '.attn files; or - alone, to read standard input and write to standard output')
    .option('--check', 'write nothing; exit with 1 where a file would change')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ attnc fmt --check specs/*.attn')
    .action((paths: string[], options: Options) => {
      const passedOn = paths.includes(standardInput)
      if (passedOn && paths.length > 1)
        throw usage('standard input is formatted alone', 'leave out either - or the files')
      const sources = paths.map((path) => readSource(io, path))
      const formatted = sources.map((source) => ({ source, ...format(source.text) }))
      // A file that cannot be read as a spec keeps none of the others from their layout.
      const changed = formatted.filter(({ source, text }) => text !== undefined && text !== source.text)
      if (options.check !== true && !passedOn) rewrite(io, changed)

      if (options.json === true) printJson(io, document(formatted, passedOn))
      else if (passedOn && options.check !== true) passOn(io, formatted)
      else tell(io, formatted, changed, options)
      const broken = formatted.some(({ text }) => text === undefined)
      if (broken || (options.check === true && changed.length > 0)) conclude(status.spec)
    })
}

/** All of them or, where one cannot be written, none. */
function rewrite(io: Io, changed: readonly Formatted[]): void {
  for (const { source } of changed) {
    requireUtf8(io, source.file)
    requirePlace(io, source.file)
  }
  for (const { source, text } of changed) if (text !== undefined) writeFile(io, source.file, text)
}

/** @param passedOn whether the text has no file that holds it */
function document(formatted: readonly Formatted[], passedOn: boolean): unknown {
  return {
    files: formatted.map(({ source, text, diagnostics }) =>
      text === undefined
        ? { file: source.file, diagnostics: diagnostics.map((one) => toJson(one, source)) }
        : { file: source.file, changed: text !== source.text, ...(passedOn && { text }) },
    ),
  }
}

function passOn(io: Io, formatted: readonly Formatted[]): void {
  for (const { text } of formatted) if (text !== undefined) io.out.write(text)
  reportBroken(io, formatted)
}

function tell(
  io: Io,
  formatted: readonly Formatted[],
  changed: readonly Formatted[],
  { check }: Options,
): void {
  for (const { source } of changed)
    io.out.write(`${check === true ? 'would change' : 'formatted'} ${source.file}\n`)
  const allRight = formatted.every(({ text }) => text !== undefined)
  if (changed.length === 0 && allRight) io.out.write('nothing to change\n')
  reportBroken(io, formatted)
}

const reportBroken = (io: Io, formatted: readonly Formatted[]): void =>
  reportFiles(
    io,
    formatted.filter(({ text }) => text === undefined),
    false,
  )
