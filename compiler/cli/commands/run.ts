import { Option } from 'commander'
import { backendNames } from '../../../runtime/contract/backends.ts'
import type { Source } from '../../diagnostics/diagnostic.ts'
import type { Context } from '../context.ts'
import { status, usage } from '../failure.ts'
import { readSource } from '../files.ts'
import { type Io, painter } from '../io.ts'
import { printJson } from '../json.ts'
import { jsonOption, onlyOption, positiveNumber, textOption, wholeNumber } from '../options.ts'
import { outputOf } from '../run/inputs.ts'
import type { Measurement } from '../run/measure.ts'
import { chosenIn, measureAll, originOf, type RunOptions } from '../run/prepare.ts'
import { document, text } from '../run/report.ts'
import { type Sweep, swept, sweepOf } from '../run/sweep.ts'
import { sweepCsv, sweepDocument, sweepSvg, sweepText } from '../run/sweep-report.ts'
import { packArrays, requireOutputName } from '../tensors/load.ts'
import { requirePlace, writeFile } from '../writing/write.ts'

interface Options extends RunOptions {
  readonly sweep?: Sweep
  readonly csv?: string
  readonly svg?: string
  readonly output?: string
  readonly json?: true
}

export function addRun({ program, io, conclude }: Context): void {
  program
    .command('run')
    .description(
      'Compiles and executes on real tensors, and holds the result against float64 arithmetic.\n' +
        'Without --input the tensors are random: independent normal entries, the same for the same seed.',
    )
    .argument('<spec>', 'an .attn file')
    .addOption(onlyOption())
    .addOption(new Option('--length <n>', 'query rows (default: 1024)').argParser(wholeNumber(1)))
    .addOption(new Option('--key-length <n>', 'key rows (default: as many)').argParser(wholeNumber(1)))
    .addOption(new Option('--batch <n>', 'batch items (default: 1)').argParser(wholeNumber(1)))
    .addOption(new Option('--heads <n>', 'query heads (default: 4)').argParser(wholeNumber(1)))
    .addOption(new Option('--kv-heads <n>', 'key/value heads (default: as many)').argParser(wholeNumber(1)))
    .addOption(new Option('--seed <n>', 'of the random tensors (default: 0)').argParser(wholeNumber(0)))
    .addOption(
      new Option('--std <s>', 'standard deviation of the entries of q and k (default: 0.25)').argParser(
        positiveNumber,
      ),
    )
    .addOption(
      textOption('--input <path>', 'a directory with q.npy, k.npy and v.npy, or one .npz or .safetensors'),
    )
    .addOption(textOption('--output <file>', 'save the result as .npy, .npz or .safetensors'))
    .addOption(
      new Option('--backend <name>', 'what runs it (default: the first that can, see attnc doctor)').choices(
        backendNames,
      ),
    )
    .addOption(
      new Option('--storage <type>', 'how inputs and outputs are stored; arithmetic is f32')
        .choices(['f32', 'f16'])
        .default('f32'),
    )
    .addOption(
      new Option('--layout <axes>', 'bhld: [batch, heads, length, width]; blhd: heads inside rows')
        .choices(['bhld', 'blhd'])
        .default('bhld'),
    )
    .addOption(
      new Option('--repeat <n>', 'timed calls after the first, at most')
        .argParser(wholeNumber(1))
        .default(20),
    )
    .addOption(
      new Option('--sweep <list>', 'run it at each of these counts, such as m=64,128,256').argParser(sweepOf),
    )
    .addOption(textOption('--csv <file>', 'save what --sweep found as a table'))
    .addOption(textOption('--svg <file>', 'save the distance to exact attention by --sweep as a drawing'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ attnc run specs/performer.attn --length 4096 --heads 8\n  $ attnc run specs/performer.attn --input tensors.npz --output out.npy\n  $ attnc run specs/performer.attn --sweep m=64,128,256 --svg error.svg',
    )
    .action(async (path: string, options: Options) => conclude(await run(io, path, options)))
}

async function run(io: Io, path: string, options: Options): Promise<number> {
  const source = readSource(io, path)
  if (options.sweep !== undefined) return runSweep(io, source, options.sweep, options)
  const lonely = (['csv', 'svg'] as const).find((name) => options[name] !== undefined)
  if (lonely !== undefined) throw usage(`--${lonely} is for --sweep`, 'for example --sweep m=64,128,256')
  const { output } = options
  const { backend, runnable, pending } = await chosenIn(io, source, options)
  if (output !== undefined) {
    // Before the work, which may take a while.
    requireOutputName(output, savedNames(runnable))
    requirePlace(io, output)
  }

  const measurements = await measureAll(io, runnable, options, backend)
  if (output !== undefined) save(io, output, measurements)

  const result = {
    file: source.file,
    measurements,
    pending,
    origin: originOf(options),
    ...(output === undefined ? {} : { output }),
  }
  if (options.json === true) printJson(io, document(result))
  else io.out.write(text(result, painter(io.out, io.env)))
  return measurements.length > 0 && measurements.every(({ verdict }) => verdict.passed)
    ? status.done
    : status.spec
}

async function runSweep(
  io: Io,
  source: Source,
  sweep: Sweep,
  { output, csv, svg, ...options }: Options,
): Promise<number> {
  if (output !== undefined)
    throw usage('--output saves one result, and --sweep has several', 'leave one of the two out')
  for (const path of [csv, svg]) if (path !== undefined) requirePlace(io, path)
  const points = await swept(io, source, sweep, options)
  if (csv !== undefined) writeFile(io, csv, sweepCsv(sweep, points))
  if (svg !== undefined) writeFile(io, svg, sweepSvg(sweep, points))
  if (options.json === true) printJson(io, sweepDocument(sweep, points))
  else {
    const saved = [csv, svg].flatMap((path) => (path === undefined ? [] : [`saved ${path}\n`]))
    io.out.write([sweepText(sweep, points, painter(io.out, io.env)), ...saved].join(''))
  }
  return points.every(({ measurement }) => measurement.verdict.passed) ? status.done : status.spec
}

/** One result is `out`; several have the names of their attentions. */
const savedNames = (runnables: readonly { readonly name: string }[]): readonly string[] =>
  runnables.length === 1 ? ['out'] : runnables.map(({ name }) => name)

function save(io: Io, path: string, measurements: readonly Measurement[]): void {
  const names = savedNames(measurements)
  const arrays = new Map(
    measurements.map(({ inputs, valueDim, result }, index) => [
      names[index] ?? '',
      outputOf(inputs, valueDim, result),
    ]),
  )
  writeFile(io, path, packArrays(path, arrays))
}
