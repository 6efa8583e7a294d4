/** What an attention claims of its features, why that is so or not, and how well they do. */
import { proveClaim, quality, type ClaimVerdict, variance } from '../../algebra/expectation/index.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import { print } from '../../symbolic/print.ts'
import { grouped, table } from '../table.ts'

export interface Standards {
  /** Of rows of q and k as the kernel sees them: multiplied by the square root of the scale. */
  readonly norms?: readonly number[]
  /** The relative standard deviation for which the projections are counted. */
  readonly deviation: number
}

/** Nothing where an attention has no features, and so nothing to claim. */
export function claimText(model: AttentionModel, standards: Standards): string | undefined {
  const { feature, kernel, projections } = model
  if (feature === undefined || (kernel === undefined && projections === undefined)) return undefined
  const parts = [kernel === undefined ? definition(model) : derivation(proveClaim(model), print(kernel))]
  if (projections !== undefined) parts.push(spread(model, standards))
  return parts.join('\n')
}

function derivation(verdict: ClaimVerdict, kernel: string): string {
  const { status, steps } = verdict
  const lines = [`claim       E[φ(q)·φ(k)] = ${kernel}`]
  if (status === 'proved') lines.push('verdict     proved')
  if (status === 'refuted') lines.push(`verdict     refuted: the features estimate ${verdict.estimates}`)
  if (status === 'refuted' && verdict.detail !== undefined) lines.push(`            ${verdict.detail}`)
  if (status === 'undecided') lines.push(`verdict     not decided on paper: \`attnc verify\` tests it`)
  if (status === 'integrated') lines.push(`verdict     held: not proved, but integrated numerically`)
  if (status === 'undecided' || status === 'integrated') lines.push(`            ${verdict.reason}`)
  for (const [n, { title, formula }] of steps.entries())
    lines.push('', `${String(n + 1).padStart(3)}. ${title}`, `       ${formula}`)
  return `${lines.join('\n')}\n`
}

function definition(model: AttentionModel): string {
  const closed = variance(model)
  const mean = closed.kind === 'closed' ? `\non average  E[φ(q)·φ(k)] = ${closed.mean}` : ''
  return `claim       none: without a kernel beside them, the features are the definition${mean}\n`
}

function spread(model: AttentionModel, standards: Standards): string {
  const closed = variance(model)
  if (closed.kind !== 'closed') return `variance    ${closed.reason}\n`
  const { coupling, count } = model.projections ?? { coupling: 'iid', count: 1 }
  const lines = ['variance    of an entry, over m independent projections', `       ${closed.formula}`]
  if (closed.orthogonal !== undefined)
    lines.push(
      '',
      `            over the ${count} orthogonal ones of this file no more than`,
      `       ${closed.orthogonal.formula}`,
    )
  else if (coupling !== 'iid')
    lines.push('', `            \`attnc verify\` compares ${coupling} projections with it`)
  return `${[...lines, '', ...accuracy(model, count, standards)].join('\n')}\n`
}

function accuracy(model: AttentionModel, count: number, { norms, deviation }: Standards): string[] {
  const ordinary = Math.sqrt(model.dim * model.scale)
  const wanted = norms ?? [0.25, 0.5, 1, ordinary].sort((a, b) => a - b)
  const rows = wanted.flatMap((norm) => {
    const found = quality(model, { normQ: norm, normK: norm })
    if (found === undefined) return []
    const { relativeDeviation, errorOverUniform, projectionsNeeded, projectionsFor } = found
    return [
      [
        short(norm),
        short(relativeDeviation.orthogonal),
        short(relativeDeviation.parallel),
        counted(projectionsFor(deviation)),
        short(errorOverUniform),
        counted(projectionsNeeded),
      ],
    ]
  })
  const m = `m = ${grouped(count)}`
  const head = ['norm', 'across', 'along', `m for ${short(deviation)}`, 'weights', 'm for 1']
  return [
    `accuracy    over ${m} independent projections; coupled ones mostly do somewhat better`,
    '',
    table([head, ...rows], [0, 1, 2, 3, 4, 5], '       '),
    '',
    `       norm     of q and of k, multiplied by √scale; ${short(ordinary)} where entries have variance 1`,
    '       across   √variance/kernel of an entry where q and k are orthogonal; along: where they are parallel',
    `       m for ${short(deviation)}  projections that bring it down to ${short(deviation)} where they are orthogonal`,
    "       weights  how far they are from the kernel's, over how far equal ones are: above 1, worse than uniform",
    '       m for 1  projections from which on they are no worse than uniform',
  ]
}

/** Below a millionth, closed forms that cancel leave nothing but rounding. */
const short = (value: number): string =>
  value < 1e-6
    ? '0'
    : value >= 1e6 || value < 1e-3
      ? value.toExponential(1)
      : String(Number(value.toPrecision(3)))

const counted = (value: number): string => (value < 1e9 ? grouped(value) : value.toExponential(1))
