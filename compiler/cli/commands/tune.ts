import { dirname, join } from 'node:path'
import { Option } from 'commander'
import { type Choices, compile, type CompiledAttention } from '../../index.ts'
import { modelChoices } from '../../schedule/choices.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import type { Source } from '../../diagnostics/diagnostic.ts'
import type { Context } from '../context.ts'
import { reportDiagnostics } from '../diagnostics.ts'
import { SpecFailure } from '../failure.ts'
import { displayPath, readSource } from '../files.ts'
import { type Io, progressOn } from '../io.ts'
import { printJson } from '../json.ts'
import { jsonOption, onlyOption, textOption, wholeNumber } from '../options.ts'
import { version } from '../package.ts'
import { randomFor } from '../run/random.ts'
import { compileChosen } from '../selection.ts'
import { duration, table } from '../table.ts'
import type { Candidate } from '../tune/candidates.ts'
import { tune, type Tuning } from '../tune/tune.ts'
import { fingerprint, inWords, readTuned, tunedPath, tunedText } from '../tune/tuned-file.ts'
import { writeFile } from '../writing/write.ts'

interface Options {
  readonly output?: string
  readonly only?: string
  readonly length: number
  readonly heads: number
  readonly rounds: number
  readonly seed: number
  readonly json?: true
}

export function addTune({ program, io }: Context): void {
  program
    .command('tune')
    .description(
      'Measures candidate tiles of each attention on the WebGPU device at hand, and writes the choice\n' +
        'beside the module, where attnc compile takes it up. Without it the choice of a model stands.',
    )
    .argument('<spec>', 'an .attn file')
    .addOption(textOption('-o, --output <dir>', 'where the modules are (default: beside the spec)'))
    .addOption(onlyOption())
    .addOption(new Option('--length <n>', 'rows of the timed calls').argParser(wholeNumber(1)).default(1024))
    .addOption(new Option('--heads <n>', 'heads').argParser(wholeNumber(1)).default(8))
    .addOption(new Option('--rounds <n>', 'timed calls of each').argParser(wholeNumber(1)).default(15))
    .addOption(new Option('--seed <n>', 'of the random tensors').argParser(wholeNumber(0)).default(0))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ attnc tune specs/softmax.attn -o build --length 4096\n  $ attnc compile specs/softmax.attn -o build',
    )
    .action(async (path: string, options: Options) => {
      const source = readSource(io, path)
      const { diagnostics, modules } = compileChosen(source, { only: options.only })
      if (diagnostics.some(({ severity }) => severity === 'error'))
        throw new SpecFailure([{ source, diagnostics }])
      reportDiagnostics(io, { source, diagnostics })
      const directory = options.output ?? dirname(path)
      const results: Result[] = []
      for (const module of modules) results.push(await tuneModule(io, source, module, directory, options))
      if (options.json === true) printJson(io, { file: source.file, attentions: results.map(asDocument) })
      else io.out.write(`${results.map(asText).join('\n')}\n`)
    })
}

interface Result {
  readonly name: string
  readonly tuning: Tuning | undefined
  /** The file that was written. */
  readonly file?: string
}

async function tuneModule(
  io: Io,
  source: Source,
  module: CompiledAttention,
  directory: string,
  { length, heads, rounds, seed }: Options,
): Promise<Result> {
  const { name, program } = module
  const compileBy = (choices: Choices): CompiledAttention => {
    const [made] = compile(source.text, { file: source.file, only: name, tuned: { [name]: choices } }).modules
    invariant(made !== undefined, 'an attention compiles whatever the choices')
    return made
  }
  // Before anything is measured: a file of somebody else's is not replaced.
  const before = readTuned(io, directory, name, program.source, () => undefined)
  const random = { batch: 1, heads, kvHeads: heads, length, keyLength: length, seed, deviation: 0.25 }
  const inputs = randomFor(module.model, random)
  const progress = progressOn(io.err)
  const tuneFrom = (from: Candidate): Promise<Tuning | undefined> =>
    tune(from, compileBy, { inputs, rounds, seed }, (step) => progress.say(`${step} …`)).finally(() =>
      progress.done(),
    )
  const model = { choices: modelChoices, compiled: module }
  // What was chosen for the same calls stands, unless it was on another device.
  const again =
    before?.length === length && before.heads === heads
      ? await tuneFrom({ choices: before.choices, compiled: compileBy(before.choices) })
      : undefined
  const tuning = again !== undefined && again.device === before?.device ? again : await tuneFrom(model)
  if (tuning === undefined) return { name, tuning }
  const { device, choices } = tuning
  const file = join(directory, tunedPath(name))
  const spec = fingerprint(program.source)
  const tuned = { attention: name, attnc: version(), spec, device, length, heads, choices }
  writeFile(io, file, tunedText(tuned))
  return { name, tuning, file: displayPath(io, file) }
}

const asDocument = ({ name, tuning, file }: Result): unknown => ({
  name,
  ...(tuning ?? { choices: modelChoices, measured: [] }),
  ...(file !== undefined && { file }),
})

function asText({ name, tuning, file }: Result): string {
  if (tuning === undefined) return `${name}: nothing to choose; the model’s tiles are the only ones\n`
  const { device, clock, choices, measured } = tuning
  const lines = measured.map(({ option, choices: tried, median, error }) => [
    option,
    String(tried[option]),
    median === undefined ? 'not timed: the result is wrong' : duration(median),
    error.toExponential(1),
  ])
  return [
    `${name} on ${device}`,
    '',
    table([['option', 'value', 'a call', 'error'], ...lines], [2, 3]),
    `  a call: the median on the clock of the ${clock}; error: relative RMS difference from float64`,
    `  chosen: ${inWords(choices, modelChoices)}; another is chosen where it is faster by more than 5%`,
    `  written to ${file ?? ''}, which attnc compile takes up`,
    '',
  ].join('\n')
}
