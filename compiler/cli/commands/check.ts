import { check } from '../../index.ts'
import type { Context } from '../context.ts'
import { reportFiles } from '../diagnostics.ts'
import { status } from '../failure.ts'
import { readSource } from '../files.ts'
import { jsonOption } from '../options.ts'

export function addCheck({ program, io, conclude }: Context): void {
  program
    .command('check')
    .description('Reports everything that is wrong with specs, and writes nothing.')
    .argument('<spec...>', '.attn files, or - for standard input')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ attnc check specs/*.attn')
    .action((paths: string[], options: { json?: true }) => {
      const sources = paths.map((path) => readSource(io, path))
      const files = sources.map((source) => ({
        source,
        diagnostics: check(source.text, { file: source.file }).diagnostics,
      }))
      reportFiles(io, files, options.json === true)
      const errors = files
        .flatMap(({ diagnostics }) => diagnostics)
        .filter(({ severity }) => severity === 'error')
      if (errors.length > 0) return conclude(status.spec)
      if (options.json !== true)
        io.out.write(`${files.length === 1 ? '1 file is' : `${files.length} files are`} right\n`)
    })
}
