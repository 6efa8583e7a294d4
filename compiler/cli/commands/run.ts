import { Option } from 'commander'
import { backendNames } from '../../../runtime/contract/backends.ts'
import type { Backend } from '../../../runtime/index.ts'
import type { Compilation } from '../../index.ts'
import { messages } from '../../diagnostics/messages.ts'
import { isTarget } from '../../targets/index.ts'
import { chosenBackend } from '../backends.ts'
import type { Context } from '../context.ts'
import { reportDiagnostics } from '../diagnostics.ts'
import { SpecFailure, status, usage } from '../failure.ts'
import { readSource } from '../files.ts'
import { type Io, painter, progressOn } from '../io.ts'
import { printJson } from '../json.ts'
import { jsonOption, onlyOption, positiveNumber, textOption, wholeNumber } from '../options.ts'
import type { Storage } from '../run/difference.ts'
import { type Runnable, targetOf } from '../run/execute.ts'
import {
  type Inputs,
  inputNames,
  inputsFrom,
  outputOf,
  type RandomOptions,
  roundedToHalves,
  type TensorLayout,
} from '../run/inputs.ts'
import { measure, type Measurement } from '../run/measure.ts'
import { randomFor } from '../run/random.ts'
import { document, type Origin, text } from '../run/report.ts'
import { declaredTensors } from '../../semantics/model.ts'
import { compileChosen } from '../selection.ts'
import { loadArrays, packArrays, requireOutputName } from '../tensors/load.ts'
import { requirePlace, writeFile } from '../writing/write.ts'

/** The code of the warning that no target has kernels, of which the reference needs none. */
const noKernels = messages.textAlone.code

interface Options {
  readonly only?: string
  readonly length?: number
  readonly keyLength?: number
  readonly batch?: number
  readonly heads?: number
  readonly kvHeads?: number
  readonly seed?: number
  readonly std?: number
  readonly input?: string
  readonly output?: string
  readonly backend?: Backend
  readonly storage: Storage
  readonly layout: TensorLayout
  readonly repeat: number
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
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ attnc run specs/performer.attn --length 4096 --heads 8\n  $ attnc run specs/performer.attn --input tensors.npz --output out.npy',
    )
    .action(async (path: string, options: Options) => conclude(await run(io, path, options)))
}

async function run(io: Io, path: string, options: Options): Promise<number> {
  const source = readSource(io, path)
  const { only, output } = options
  const compiled = (backend: Backend): Compilation =>
    compileChosen(source, { target: targetOf(backend), only })
  const backend =
    options.backend ?? (await chosenBackend(io, (name) => !isTarget(name) || isWorthRunning(compiled(name))))
  const compilation = compiled(backend)
  const { diagnostics } = compilation
  const { runnable, pending } = choose(compilation, backend)
  const wrong = diagnostics.some(({ severity }) => severity === 'error')
  if (wrong && runnable.length === 0) throw new SpecFailure([{ source, diagnostics }])
  reportDiagnostics(io, {
    source,
    diagnostics: diagnostics.filter(
      ({ severity, code }) => severity === 'warning' && (isTarget(backend) || code !== noKernels),
    ),
  })
  if (output !== undefined) {
    // Before the work, which may take a while.
    requireOutputName(output, savedNames(runnable))
    requirePlace(io, output)
  }

  const given = inputsBy(io, options, runnable)
  const inputs: typeof given = (one) => (options.storage === 'f16' ? roundedToHalves(given(one)) : given(one))
  const progress = progressOn(io.err)
  const measurements: Measurement[] = []
  try {
    for (const one of runnable) {
      const say = (step: string): void => progress.say(`${one.name}: ${step} …`)
      measurements.push(await measure(one, inputs(one), { ...options, backend }, say))
    }
  } finally {
    progress.done()
  }
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

/** Whether there are kernels for any of it, or errors that no other backend mends. */
const isWorthRunning = ({ modules, pending }: Compilation): boolean =>
  modules.length > 0 || pending.length === 0

/** In the order of the file. The float64 reference runs also what has no kernels yet. */
function choose(
  { modules, pending, attentions }: Compilation,
  backend: Backend,
): { readonly runnable: readonly Runnable[]; readonly pending: Compilation['pending'] } {
  if (isTarget(backend)) return { runnable: modules, pending }
  const place = ({ name }: Runnable): number => attentions.indexOf(name)
  const all: readonly Runnable[] = [...modules, ...pending]
  return { runnable: all.toSorted((left, right) => place(left) - place(right)), pending: [] }
}

/** What an attention is given: the file's arrays, the same for all, or random ones of its widths. */
function inputsBy(io: Io, options: Options, runnable: readonly Runnable[]): (runnable: Runnable) => Inputs {
  const { input } = options
  if (input === undefined) {
    const random = randomOptions(options)
    return ({ model }) => randomFor(model, random)
  }
  const random = ['length', 'keyLength', 'batch', 'heads', 'kvHeads', 'seed', 'std'] as const
  const clash = random.find((name) => options[name] !== undefined)
  if (clash !== undefined) {
    const flag = clash.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    throw usage(`--${flag} is for random tensors, and ${input} has its own shape`, 'leave one of the two out')
  }
  const declared = runnable.flatMap(({ model }) => declaredTensors(model).map(({ name }) => name))
  const given = inputsFrom(input, loadArrays(io, input, [...inputNames, ...declared]), options.layout)
  return ({ name, model }) => {
    if (given.dim === model.dim && given.valueDim === model.valueDim) return given
    throw usage(
      `${input} has rows of ${given.dim} in q and k and ${given.valueDim} in v; ${name} is declared with dim ${model.dim} and value_dim ${model.valueDim}`,
      'change the declaration, or choose another attention with --only',
    )
  }
}

function originOf(options: Options): Origin {
  if (options.input !== undefined) return { kind: 'file', path: options.input }
  const { seed, deviation } = randomOptions(options)
  return { kind: 'random', seed, deviation }
}

function randomOptions(options: Options): RandomOptions {
  const { length = 1024, heads = 4, batch = 1, seed = 0, std = 0.25 } = options
  const { keyLength = length, kvHeads = heads } = options
  if (heads % kvHeads !== 0) {
    throw usage(
      `--heads ${heads} is no multiple of --kv-heads ${kvHeads}`,
      'each key/value head serves equally many',
    )
  }
  return { length, keyLength, heads, kvHeads, batch, seed, deviation: std, layout: options.layout }
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
