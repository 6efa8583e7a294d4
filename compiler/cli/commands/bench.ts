import { InvalidArgumentError, Option } from 'commander'
import { type Target, targets } from '../../index.ts'
import { benchCsv, benchSvg, benchText } from '../bench/report.ts'
import { sweep } from '../bench/sweep.ts'
import { isTarget } from '../../targets/index.ts'
import { usableTargets } from '../backends.ts'
import type { Context } from '../context.ts'
import { reportDiagnostics } from '../diagnostics.ts'
import { CommandFailure, SpecFailure, status } from '../failure.ts'
import { readSource } from '../files.ts'
import { type Io, progressOn } from '../io.ts'
import { printJson } from '../json.ts'
import { jsonOption, onlyOption, textOption, wholeNumber } from '../options.ts'
import { whyNot } from '../run/report.ts'
import { compileChosen } from '../selection.ts'
import { requirePlace, writeFile } from '../writing/write.ts'

interface Options {
  readonly only?: string
  readonly lengths: readonly number[]
  readonly heads: number
  readonly rounds: number
  readonly seed: number
  readonly backend?: readonly Target[]
  readonly csv?: string
  readonly svg?: string
  readonly json?: true
}

export function addBench({ program, io, conclude }: Context): void {
  program
    .command('bench')
    .description(
      'Times every attention of the file, and exact softmax beside it, over a sweep of lengths,\n' +
        'on each backend in turn.',
    )
    .argument('<spec>', 'an .attn file')
    .addOption(onlyOption())
    .addOption(
      new Option('--lengths <list>', 'lengths, separated by commas')
        .argParser(lengthList)
        .default([256, 512, 1024], '256,512,1024'),
    )
    .addOption(new Option('--heads <n>', 'heads').argParser(wholeNumber(1)).default(2))
    .addOption(new Option('--rounds <n>', 'timed calls of each').argParser(wholeNumber(1)).default(5))
    .addOption(new Option('--seed <n>', 'of the random tensors').argParser(wholeNumber(0)).default(0))
    .addOption(
      new Option(
        '--backend <list>',
        `some of ${targets.join(', ')}, separated by commas (default: all that can run here)`,
      ).argParser(targetList),
    )
    .addOption(textOption('--csv <file>', 'save the times as a table'))
    .addOption(textOption('--svg <file>', 'save the times by length as a drawing'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ attnc bench specs/linear_transformer.attn --lengths 256,1024,4096' +
        '\n  $ attnc bench specs/linear_transformer.attn --svg times.svg --csv times.csv',
    )
    .action(async (path: string, options: Options) => conclude(await bench(io, path, options)))
}

async function bench(io: Io, path: string, options: Options): Promise<number> {
  const source = readSource(io, path)
  const { only, csv, svg } = options
  // Before the work, which may take a while.
  for (const file of [csv, svg]) if (file !== undefined) requirePlace(io, file)
  // Before any device is looked for: what is wrong with the file, or with --only, is so for every target.
  const { attentions, diagnostics } = compileChosen(source, { only })
  if (diagnostics.some(({ severity }) => severity === 'error'))
    throw new SpecFailure([{ source, diagnostics }])
  reportDiagnostics(io, { source, diagnostics })
  const backends = options.backend ?? (await usableTargets(io))
  if (backends.length === 0)
    throw new CommandFailure(status.device, 'there is no device to time', 'attnc doctor says what is missing')
  const compiled = backends.map((target) => ({ target, ...compileChosen(source, { target, only }) }))
  // The backends of an attention side by side.
  const contenders = attentions.flatMap((name) =>
    compiled.flatMap(({ target, modules }) =>
      modules.filter((module) => module.name === name).map((runnable) => ({ runnable, backend: target })),
    ),
  )
  if (contenders.length === 0)
    // Those of the file have been reported.
    throw new SpecFailure([
      { source, diagnostics: compiled.flatMap((one) => one.diagnostics.slice(diagnostics.length)) },
    ])
  const untimed = compiled.flatMap(({ target, pending }) =>
    pending.map(({ name, unsupported }) => ({ name, backend: target, reason: whyNot(unsupported) })),
  )
  const progress = progressOn(io.err)
  const result = await sweep(contenders, options, (step) => progress.say(`${step} …`)).finally(() =>
    progress.done(),
  )
  if (csv !== undefined) writeFile(io, csv, benchCsv(result))
  if (svg !== undefined) writeFile(io, svg, benchSvg(result))
  if (options.json === true) printJson(io, { file: source.file, ...result, untimed })
  else {
    const saved = [csv, svg].flatMap((file) => (file === undefined ? [] : [`saved ${file}\n`]))
    io.out.write([benchText({ ...result, untimed }, options), ...saved].join(''))
  }
  return result.rows.every(({ median }) => median !== undefined) ? status.done : status.spec
}

function lengthList(value: string): number[] {
  const lengths = value.split(',').map(Number)
  if (lengths.every((length) => Number.isSafeInteger(length) && length > 0)) return lengths
  throw new InvalidArgumentError('Expected whole numbers above 0, such as 256,1024.')
}

function targetList(value: string): readonly Target[] {
  const names = [...new Set(value.split(','))]
  const known = targets.filter((name) => names.includes(name))
  if (known.length === names.length && known.every(isTarget)) return known
  throw new InvalidArgumentError(`Expected some of ${targets.join(', ')}.`)
}
