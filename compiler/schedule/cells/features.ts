/** φ of every row, kept: its values, or its exponents and coefficients apart; and the papers' maxima over them. */
import type { Expression } from '../../symbolic/expression.ts'
import { choose, lt, named, real, sub, unlessZero, x, y, z } from '../equation/build.ts'
import { headAt } from '../equation/heads.ts'
import type { Known } from '../equation/heads.ts'
import type { EquationPass, Formula } from '../equation.ts'
import { lowest } from '../equation.ts'
import { evaluateRow, ofBlock } from '../feature-rows.ts'
import type { Features, ScheduledBlock } from '../schedule.ts'
import type { FactorisedPlan } from './plan.ts'
import { equationPass, scratch } from '../equation/plan.ts'
import type { Plan } from '../equation/plan.ts'

type Side = Features['side']
type Part = 'features' | 'exponents' | 'coefficients'

/** Writes φ of all rows of one side, [heads, rows, features]; exponents and coefficients in buffers apart. */
export function featurePasses(
  plan: FactorisedPlan,
  features: Features,
  given: { readonly maxima: boolean; readonly known: Known; readonly prefix?: string },
): Plan {
  const scaled = features.blocks.some(({ term }) => term.kind === 'scaled')
  const parts: readonly Part[] = scaled
    ? ['exponents', ...(hasCoefficients(features.blocks) ? (['coefficients'] as const) : [])]
    : ['features']
  const { extent, of } = rowsOf(plan, features.side)
  return {
    passes: parts.map((part) => featurePass(plan, features, part, given)),
    buffers: parts.map((part) =>
      scratch(featureBuffer(features.side, part), extent, `per ${of} and row: [${plan.features}]`),
    ),
  }
}

/** Whether a block has a coefficient beside its exponent. */
export const hasCoefficients = (blocks: readonly ScheduledBlock[]): boolean =>
  blocks.some(({ term }) => term.kind === 'scaled' && term.coefficient !== undefined)

/** The name of the buffer of one part of φ of one side, such as `queryExponents`. */
const featureBuffer = (side: Side, part: Part): string =>
  `${side}${part[0]?.toUpperCase() ?? ''}${part.slice(1)}`

function rowsOf({ features, groups, heads }: FactorisedPlan, side: Side) {
  const queries = side === 'query'
  return {
    extent: [features, queries ? 'length' : 'keyLength', queries ? heads : 'sliceCount'] as const,
    of: queries || groups === 'heads' ? 'query head' : 'key/value head',
  }
}

function featurePass(
  plan: FactorisedPlan,
  { side, blocks }: Features,
  part: Part,
  { maxima, known, prefix = '' }: Parameters<typeof featurePasses>[2],
): EquationPass {
  const queries = side === 'query'
  const head = headAt(
    plan.groups,
    queries ? 'sliceQueryHead' : 'sliceKeyHead',
    z,
    queries ? { ...known, lengths: known.lengths ?? known.positions !== true } : known,
  )
  const none = part === 'exponents' ? lowest : 0
  const word = { features: 'φ', exponents: 'the exponents of φ', coefficients: 'the coefficients of φ' }[part]
  return equationPass({
    name: `${prefix}${side}_${part}`,
    extent: rowsOf(plan, side).extent,
    // Key rows past an item's last one are no rows.
    value: choose(
      !queries && known.lengths === true ? lt(y, head.visible) : undefined,
      ofBlock(blocks, x, (block) => {
        const row = { side, head, row: y, maxima, dim: plan.attention.dim }
        return partOf(
          part,
          evaluateRow(row, block, named('component', sub(x, block.start)), expressionsOf(block, part)),
        )
      }),
      none,
    ),
    out: featureBuffer(side, part),
    what: `${word} of each ${side} row`,
  })
}

/** The expressions of one part; of an exponent also the coefficient, which may be 0. */
function expressionsOf({ term }: ScheduledBlock, part: Part): readonly Expression[] {
  if (term.kind === 'plain') return [term.value]
  const { exponent, coefficient } = term
  if (part === 'exponents') return coefficient === undefined ? [exponent] : [exponent, coefficient]
  return coefficient === undefined ? [] : [coefficient]
}

function partOf(part: Part, [first, second]: readonly Formula[]): Formula {
  if (first === undefined) return real(1)
  return part === 'exponents' ? unlessZero(first, second) : first
}
