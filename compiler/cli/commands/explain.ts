import { Option } from 'commander'
import { type CompiledAttention, type PendingAttention, type Target, targets } from '../../index.ts'
import type { Context } from '../context.ts'
import type { DeviceName } from '../../cost/device.ts'
import { explainCode, isCode } from '../explain/code.ts'
import { type Comparison, compareCosts } from '../explain/cost.ts'
import { costsInWords as gpuCostsInWords, costsOf, deviceNames, type FormCosts } from '../explain/gpu-cost.ts'
import {
  everyStage,
  type StageName,
  stageNames,
  stagesOf,
  stageTitle,
  targetOf,
  whenAsked,
} from '../explain/stages.ts'
import { SpecFailure } from '../failure.ts'
import { readSource } from '../files.ts'
import { type Paint, painter } from '../io.ts'
import { printJson } from '../json.ts'
import { jsonOption, onlyOption, positiveNumber, positiveNumbers, wholeNumber } from '../options.ts'
import { compileChosen } from '../selection.ts'
import { bytes, grouped, operations, significant, table } from '../table.ts'

interface Options {
  readonly only?: string
  readonly length: number
  readonly stage?: StageName
  readonly target?: Target
  readonly norms?: readonly number[]
  readonly deviation: number
  readonly heads: number
  readonly device?: DeviceName
  readonly json?: true
}

export function addExplain({ program, io }: Context): void {
  program
    .command('explain')
    .description(
      "Shows every stage's view of an attention, and what it costs beside exact softmax;\n" +
        'or says what a diagnostic means, and what to do.',
    )
    .argument('<spec>', 'an .attn file, or the code of a diagnostic')
    .addOption(onlyOption())
    .addOption(
      new Option('--length <n>', 'rows for which the cost is given').argParser(wholeNumber(1)).default(4096),
    )
    .addOption(
      new Option(
        '--stage <name>',
        'this stage alone; without it all of the compiler but cost and gradients, which all has too',
      ).choices([...stageNames, everyStage]),
    )
    .addOption(
      new Option('--target <target>', 'what the kernels are for, where the stage does not say so').choices(
        targets,
      ),
    )
    .addOption(
      new Option('--heads <n>', 'for which the stages cost and gradients are given')
        .argParser(wholeNumber(1))
        .default(8),
    )
    .addOption(
      new Option('--device <name>', 'whose passes the stage cost lists, in place of all devices').choices(
        deviceNames,
      ),
    )
    .addOption(
      new Option('--norms <list>', 'of q and k, times √scale, for which accuracy is given').argParser(
        positiveNumbers,
      ),
    )
    .addOption(
      new Option('--deviation <share>', 'of a kernel entry, for which projections are counted')
        .argParser(positiveNumber)
        .default(0.1),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ attnc explain specs/performer.attn --stage algebra' +
        '\n  $ attnc explain A0411' +
        '\n  $ attnc explain specs/performer.attn --stage claim --norms 0.5,1 --deviation 0.05' +
        '\n  $ attnc explain specs/performer.attn --stage cost --length 8192 --heads 16 --device h200',
    )
    .action((path: string, options: Options) => {
      if (isCode(path)) return explainCode(io, path, options.json === true)
      const source = readSource(io, path)
      const { only, stage } = options
      const target = (stage === undefined ? undefined : targetOf(stage)) ?? options.target
      const { diagnostics, modules, pending, attentions } = compileChosen(source, {
        only,
        ...(target && { target }),
      })
      const shown = [...modules, ...pending].sort(
        (left, right) => attentions.indexOf(left.name) - attentions.indexOf(right.name),
      )
      const wrong = diagnostics.some(({ severity }) => severity === 'error')
      if (wrong && shown.length === 0) throw new SpecFailure([{ source, diagnostics }])
      const explained = shown.map((attention) => explain(attention, options))
      if (options.json === true) printJson(io, { file: source.file, attentions: explained.map(asDocument) })
      else io.out.write(explained.map((one) => inWords(one, painter(io.out, io.env))).join('\n'))
    })
}

interface Explained {
  readonly name: StageName
  readonly text: string
  /** What GPUs are asked for, of the stage `cost`. */
  readonly gpus?: readonly FormCosts[]
}

interface Explanation {
  readonly name: string
  readonly stages: readonly Explained[]
  /** Absent where one stage was asked for. */
  readonly costs?: Comparison
  readonly unsupported?: string
}

function explain(attention: CompiledAttention | PendingAttention, options: Options): Explanation {
  const { stage, length, norms, deviation } = options
  const { name, model } = attention
  const compiled = !('unsupported' in attention)
  if (stage === 'cost' && compiled) return { name, stages: [gpuCosts(attention, options)] }
  const one = stage !== undefined && stage !== everyStage
  const wanted = (name: StageName): boolean =>
    one ? name === stage : targetOf(name) === undefined && (stage === everyStage || !whenAsked.has(name))
  const stages = [...stagesOf(attention, { deviation, ...(norms && { norms }) }, options)]
    .filter(([name]) => wanted(name))
    .map(([name, text]): Explained => ({ name, text: text() }))
  if (!compiled) return { name, stages, unsupported: attention.unsupported }
  if (one) return { name, stages }
  const counted = stage === everyStage ? [gpuCosts(attention, options)] : []
  return { name, stages: [...stages, ...counted], costs: compareCosts(model, attention.schedule, length) }
}

function gpuCosts(attention: CompiledAttention, options: Options): Explained {
  const gpus = costsOf(attention, options)
  return { name: 'cost', text: gpuCostsInWords(gpus, options), gpus }
}

function asDocument({ name, stages, costs, unsupported }: Explanation): unknown {
  return {
    name,
    stages: Object.fromEntries(stages.map(({ name, text, gpus }) => [name, gpus ?? text])),
    ...(costs === undefined ? {} : { costs }),
    ...(unsupported === undefined ? {} : { notCompiled: unsupported }),
  }
}

function inWords({ name, stages, costs, unsupported }: Explanation, paint: Paint): string {
  const parts = stages.map(
    (stage) => `${paint('bold', `── ${name} · ${stageTitle(stage.name)}`)}\n\n${stage.text.trimEnd()}\n`,
  )
  if (unsupported !== undefined) {
    parts.push(`${name} goes no further: attention with ${unsupported} is checked and not yet compiled\n`)
  }
  // Behind the summary, to which it belongs.
  if (costs !== undefined) parts.splice(1, 0, costsInWords(name, costs, paint))
  return parts.join('\n')
}

function costsInWords(name: string, { length, cost, softmax, winsFrom }: Comparison, paint: Paint): string {
  const ratio = (mine: number, theirs: number): string =>
    theirs === 0 ? '–' : `${significant(mine / theirs)}×`
  const rows = [
    ['', name, 'exact softmax', 'ratio'],
    ['arithmetic', operations(cost.flops), operations(softmax.flops), ratio(cost.flops, softmax.flops)],
    ['traffic', bytes(cost.bytes), bytes(softmax.bytes), ratio(cost.bytes, softmax.bytes)],
    ['scratch memory', bytes(cost.memory), bytes(softmax.memory), ratio(cost.memory, softmax.memory)],
  ]
  const notes = [
    ...(winsFrom === undefined
      ? []
      : [`fewer operations than exact softmax from length ${grouped(winsFrom)} on`]),
    `softmax is counted as one fused pass; its matrix, were it stored, would take ${bytes(4 * length * length)}`,
  ].map((note) => `  ${note}\n`)
  return `${paint('bold', `── ${name} · the cost of one head at length ${grouped(length)}`)}\n\n${table(rows, [1, 2, 3])}\n\n${notes.join('')}`
}
