/** An attention in a few lines: what it is, what is proved of it, how near it comes, whether it decodes. */
import { counted } from '../../diagnostics/counted.ts'
import { featuresOf, undecodable } from '../../algebra/facts.ts'
import { proveClaim, quality } from '../../algebra/expectation/index.ts'
import type { CompiledAttention } from '../../index.ts'
import { cost } from '../../schedule/cost.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import { print } from '../../symbolic/print.ts'
import { grouped, table } from '../table.ts'
import type { Standards } from './claim.ts'

export function summaryText(attention: CompiledAttention, standards: Standards): string {
  const { model, algebra } = attention
  const obstacle = undecodable(algebra)
  const rows = [
    ['evaluated', evaluatedBy(attention)],
    ['rows', `q and k of ${model.dim}, v of ${model.valueDim}`],
    ['claim', claimOf(model)],
    ...accuracyOf(model, standards).map((line, index) => [index === 0 ? 'accuracy' : '', line]),
    ['decodes', obstacle === undefined ? 'token by token' : `not, since ${obstacle}`],
  ]
  return `${table(rows)}\n`
}

function evaluatedBy({ model, algebra, schedule }: CompiledAttention): string {
  const features = featuresOf(algebra)?.features
  const sums = features === undefined ? [] : [`as sums over ${counted(features, 'feature')}`]
  return [model.evaluation, ...sums, growthOf(schedule)].join(', ')
}

/** From what it costs to go to twice the length, at lengths that are long in practice. */
function growthOf(schedule: Schedule): string {
  const [once = 1, twice = 1] = [2 ** 14, 2 ** 15].map(
    (length) => cost(schedule, { batch: 1, heads: 1, kvHeads: 1, length, keyLength: length }).flops,
  )
  return twice / once < 3 ? 'linear in the length' : 'quadratic in the length'
}

/** Whether the features are what the kernel says. */
function claimOf(model: AttentionModel): string {
  const { feature, kernel } = model
  if (feature === undefined) return 'none: nothing stands in for the kernel'
  if (kernel === undefined) return 'none: the features are the definition'
  const said = `E[φ(q)·φ(k)] = ${print(kernel)}`
  const verdict = proveClaim(model)
  switch (verdict.status) {
    case 'proved':
      return `${said}, proved`
    case 'refuted':
      return `${said}, refuted: the features estimate ${verdict.estimates}`
    case 'integrated':
      return `${said}, integrated numerically and not proved`
    case 'undecided':
      return `${said}, which attnc verify tests`
  }
}

/** Of an entry, at norm 1 and where entries have variance 1. */
function accuracyOf(model: AttentionModel, { norms, deviation }: Standards): string[] {
  return (norms ?? [1, Math.sqrt(model.dim * model.scale)]).flatMap((norm) => {
    const found = quality(model, { normQ: norm, normK: norm })
    if (found === undefined) return []
    const off = found.relativeDeviation.orthogonal
    const share =
      off < 10
        ? `${Number((100 * off).toPrecision(2))}%`
        : `${grouped(Number(off.toPrecision(2)))} times itself`
    const needed = found.projectionsFor(deviation)
    const count = needed < 1e9 ? counted(needed, 'projection') : `${needed.toExponential(1)} projections`
    return [
      `rows of norm ${Number(norm.toPrecision(3))}, times √scale: an entry is off by ${share}; ${100 * deviation}% takes ${count}`,
    ]
  })
}
