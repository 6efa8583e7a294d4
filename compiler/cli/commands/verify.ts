import { counted } from '../../diagnostics/counted.ts'
import { Option } from 'commander'
import { backendNames } from '../../../runtime/contract/backends.ts'
import { AttentionError, type Backend } from '../../../runtime/index.ts'
import { check, verify } from '../../index.ts'
import { targetNames } from '../../targets/index.ts'
import {
  type AttentionReport,
  NoSuchCase,
  type PropertyName,
  propertyNames,
  type PropertyResult,
  statuses,
} from '../../verification/report.ts'
import { defaultRuns } from '../../verification/properties/property.ts'
import { type Storage, storages } from '../../verification/execution/executor.ts'
import { chosenBackend } from '../backends.ts'
import type { Context } from '../context.ts'
import { reportDiagnostics } from '../diagnostics.ts'
import { CommandFailure, SpecFailure, status, usage } from '../failure.ts'
import { readSource } from '../files.ts'
import { type Io, painter, progressOn } from '../io.ts'
import { printJson } from '../json.ts'
import { jsonOption, onlyOption, textOption, wholeNumber } from '../options.ts'
import { duration } from '../table.ts'
import { requireAttention } from '../selection.ts'
import { attentionLine, counterexampleLines, jsonOf, resultLine, type Verified } from '../verify/report.ts'

interface Options {
  readonly only?: string
  readonly property?: PropertyName
  readonly seed: number
  readonly runs: number
  readonly path?: string
  readonly backend?: Backend
  readonly storage: Storage
  readonly json?: true
}

/** With the backend that was asked for, or else chosen. */
type Chosen = Options & { readonly backend: Backend }

export function addVerify({ program, io, conclude }: Context): void {
  program
    .command('verify')
    .description(
      'Holds attentions to what their file claims: proofs where they can be found, tests on the device beside them.\n' +
        'Each property is proved, held in every case tried, refuted by a counterexample,\nundecided where the cases tell too little, or skipped.',
    )
    .argument('<spec...>', '.attn files')
    .addOption(onlyOption())
    .addOption(new Option('--property <name>', 'this property alone').choices(propertyNames))
    .addOption(new Option('--seed <n>', 'of the cases that are tried').argParser(wholeNumber(0)).default(0))
    .addOption(
      new Option('--runs <n>', 'cases of a property; samples grow in proportion')
        .argParser(wholeNumber(1))
        .default(defaultRuns),
    )
    .addOption(textOption('--path <path>', 'replay one case of a property, as a counterexample names it'))
    .addOption(
      new Option(
        '--backend <name>',
        'what runs the attentions (default: the first that can, see attnc doctor)',
      ).choices(backendNames),
    )
    .addOption(
      new Option('--storage <type>', 'of the tensors; f16 with a rounding budget of its own')
        .choices(storages)
        .default(storages[0]),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ attnc verify specs/performer.attn\n  $ attnc verify specs/*.attn --runs 200 --seed 7\n  $ attnc verify specs/softmax.attn --storage f16',
    )
    .action(async (paths: readonly string[], options: Options) => conclude(await run(io, paths, options)))
}

async function run(io: Io, paths: readonly string[], options: Options): Promise<number> {
  const { only, path, property, json } = options
  if (path !== undefined && (property === undefined || paths.length > 1))
    throw usage('--path is a case of one property of one file', 'name it with --property')
  const files = paths.map((file) => {
    const source = readSource(io, file)
    const { checked, diagnostics } = check(source.text, { file })
    return { source, diagnostics, names: checked.attentions.map(({ name }) => name) }
  })
  if (files.some(({ diagnostics }) => diagnostics.some(({ severity }) => severity === 'error')))
    throw new SpecFailure(files)
  const everyName = files.flatMap(({ names }) => names)
  for (const { source, names } of files)
    requireAttention(source.file, files.length > 1 ? everyName : names, only)

  const backend = options.backend ?? (await chosenBackend(io, () => true))
  if (options.storage === 'f16' && backend === 'reference')
    throw usage(
      '--storage f16: the backend reference computes in float64',
      'name one with kernels, as --backend wasm',
    )
  const progress = progressOn(io.err)
  const verified: Verified[] = []
  const start = performance.now()
  try {
    for (const { source, diagnostics, names } of files) {
      if (only !== undefined && !names.includes(only)) continue
      reportDiagnostics(io, { source, diagnostics })
      const reports = await verifyFile(io, source, { ...options, backend }, progress.say, progress.done)
      verified.push(...reports.map((report) => ({ file: source.file, report })))
    }
  } finally {
    progress.done()
  }
  const reports = verified.map(({ report }) => report)
  if (json === true) printJson(io, jsonOf(verified, options.storage))
  else io.out.write(summary(io, reports, { ...options, backend }, performance.now() - start))
  return reports.some(({ properties }) => properties.some(isRefuted)) ? status.spec : status.done
}

async function verifyFile(
  io: Io,
  source: { readonly file: string; readonly text: string },
  options: Chosen,
  say: (text: string) => void,
  clear: () => void,
): Promise<readonly AttentionReport[]> {
  const { json, ...rest } = options
  const paint = painter(io.out, io.env)
  let shown = ''
  const show = (attention: string, result: PropertyResult, device: string): void => {
    if (json === true) return
    clear()
    if (shown !== attention)
      io.out.write(`${attentionLine(source.file, attention, { ...rest, device }, paint)}\n`)
    shown = attention
    io.out.write(`${resultLine(result, paint)}\n`)
    for (const line of counterexampleLines(source.file, result, rest)) io.out.write(`${line}\n`)
  }
  try {
    const { attentions } = await verify(source.text, {
      ...rest,
      file: source.file,
      onProgress: (step) => say(`${step} …`),
      onResult: ({ attention, device, result }) => show(attention, result, device),
    })
    for (const { name, warnings } of attentions)
      for (const warning of warnings) {
        clear()
        io.err.write(`${painter(io.err, io.env)('yellow', 'warning:')} ${name}: ${warning}\n`)
      }
    return attentions
  } catch (error) {
    if (error instanceof NoSuchCase) throw usage(error.message)
    if (!(error instanceof AttentionError)) throw error
    throw new CommandFailure(
      status.device,
      error.message,
      'attnc doctor says what is there; --backend reference runs without a device',
    )
  }
}

const isRefuted = ({ status: found }: PropertyResult): boolean => found === 'refuted'

/** How much was looked at, and how to look at more. */
function summary(
  io: Io,
  reports: readonly AttentionReport[],
  { runs, path, backend }: Chosen,
  milliseconds: number,
): string {
  const paint = painter(io.out, io.env)
  const all = reports.flatMap(({ properties }) => properties)
  const counts = statuses
    .map((name) => [name, all.filter(({ status: found }) => found === name).length] as const)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
  const longer =
    path === undefined
      ? `, ${counted(runs, 'case')} of each property. --runs ${runs * 10} tries ten times as many, with ten times the projections: longer, and stronger`
      : ''
  return `\n${paint('bold', counts.join(', '))} in ${duration(milliseconds)}${longer}.\n${notRun(backend)}`
}

/** A module carries the kernels of every target, and those of one were tried. */
function notRun(backend: Backend): string {
  const others = targetNames.filter((name) => name !== backend).map((name) => `--backend ${name}`)
  return `The kernels that a module carries for other targets were not run: ${others.join(', ')} would.\n`
}
