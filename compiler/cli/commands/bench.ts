import { InvalidArgumentError, Option } from 'commander'
import { type Target, targets } from '../../index.ts'
import { type Sweep, sweep } from '../bench/sweep.ts'
import { isTarget } from '../../targets/index.ts'
import { usableTargets } from '../backends.ts'
import type { Context } from '../context.ts'
import { reportDiagnostics } from '../diagnostics.ts'
import { CommandFailure, SpecFailure, status } from '../failure.ts'
import { readSource } from '../files.ts'
import { type Io, progressOn } from '../io.ts'
import { printJson } from '../json.ts'
import { jsonOption, onlyOption, wholeNumber } from '../options.ts'
import { whyNot } from '../run/report.ts'
import { compileChosen } from '../selection.ts'
import { duration, table } from '../table.ts'

interface Options {
  readonly only?: string
  readonly lengths: readonly number[]
  readonly heads: number
  readonly rounds: number
  readonly seed: number
  readonly backend?: readonly Target[]
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
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ attnc bench specs/linear_transformer.attn --lengths 256,1024,4096')
    .action(async (path: string, options: Options) => conclude(await bench(io, path, options)))
}

async function bench(io: Io, path: string, options: Options): Promise<number> {
  const source = readSource(io, path)
  const { only } = options
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
  if (options.json === true) printJson(io, { file: source.file, ...result, untimed })
  else io.out.write(text({ ...result, untimed }, options))
  return result.rows.every(({ median }) => median !== undefined) ? status.done : status.spec
}

/** Backends that have no kernels of an attention, beside others that have. */
interface Untimed {
  readonly name: string
  readonly backend: Target
  readonly reason: string
}

function text(
  { devices, model, rows, untimed }: Sweep & { readonly untimed: readonly Untimed[] },
  { heads, rounds }: Options,
): string {
  const lines = rows.map(({ name, length, backend, error, median, onDevice, modelled, ahead }) => [
    name,
    length.toLocaleString('en'),
    backend,
    median === undefined ? 'not timed: the result is wrong' : duration(median),
    ...(model === undefined ? [] : [durationOr(onDevice), durationOr(modelled)]),
    ahead === undefined ? '' : `${ahead.toFixed(2)} ×`,
    error.toExponential(1),
  ])
  const ofDevice = model === undefined ? [] : ['dispatches', 'modelled']
  return [
    ...Object.entries(devices).map(([backend, device]) => `${backend} on ${device}`),
    `batch 1, ${heads} heads`,
    '',
    table(
      [['attention', 'length', 'backend', 'a call', ...ofDevice, 'ahead of softmax', 'error'], ...lines],
      [1, 3, 4, 5, 6, 7],
    ),
    `  a call: the median of ${rounds}, with upload and readback; ahead: exact softmax of the same shape and backend took`,
    '  so many times as long, round by round; error: relative RMS difference from float64, looked at before anything is timed',
    ...(model === undefined
      ? []
      : ["  dispatches: of them the same by the device's own clock, where it has one", `  ${model.words}`]),
    ...untimed.map(({ name, backend, reason }) => `  ${name} is not timed on ${backend}: ${reason}`),
    '',
  ].join('\n')
}

const durationOr = (milliseconds: number | undefined): string =>
  milliseconds === undefined ? '–' : duration(milliseconds)

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
