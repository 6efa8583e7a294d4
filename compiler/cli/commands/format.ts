import { format } from '../../index.ts'
import type { Context } from '../context.ts'
import { reportFiles } from '../diagnostics.ts'
import { toJson } from '../../diagnostics/render.ts'
import { status } from '../failure.ts'
import { readSource, requireUtf8 } from '../files.ts'
import { printJson } from '../json.ts'
import { jsonOption } from '../options.ts'
import { requirePlace, writeFile } from '../writing/write.ts'

export function addFormat({ program, io, conclude }: Context): void {
  program
    .command('fmt')
    .description('Rewrites specs in the canonical layout.')
    .argument('<spec...>', '.attn files')
    .option('--check', 'write nothing; exit with 1 where a file would change')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ attnc fmt --check specs/*.attn')
    .action((paths: string[], options: { check?: true; json?: true }) => {
      const sources = paths.map((path) => readSource(io, path))
      const formatted = sources.map((source) => ({ source, ...format(source.text) }))
      // A file that cannot be read as a spec keeps none of the others from their layout.
      const broken = formatted.filter(({ text }) => text === undefined)
      const files = formatted.flatMap(({ source, text }) =>
        text === undefined ? [] : [{ file: source.file, text, changed: text !== source.text }],
      )
      const changed = files.filter((file) => file.changed)
      if (options.check !== true) {
        for (const { file } of changed) {
          requireUtf8(io, file)
          requirePlace(io, file)
        }
        for (const { file, text } of changed) writeFile(io, file, text)
      }
      if (options.json === true) {
        printJson(io, {
          files: formatted.map(({ source, text, diagnostics }) =>
            text === undefined
              ? { file: source.file, diagnostics: diagnostics.map((one) => toJson(one, source)) }
              : { file: source.file, changed: text !== source.text },
          ),
        })
      } else {
        for (const { file } of changed)
          io.out.write(`${options.check === true ? 'would change' : 'formatted'} ${file}\n`)
        if (changed.length === 0 && broken.length === 0) io.out.write('nothing to change\n')
        reportFiles(io, broken, false)
      }
      if (broken.length > 0 || (options.check === true && changed.length > 0)) conclude(status.spec)
    })
}
