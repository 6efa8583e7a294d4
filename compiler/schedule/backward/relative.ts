/**
 * Exponents as gradients need them: those of queries over the scale of their row, so that no power of two of a term is
 * above 1; and apart, of both sides, those of components whose coefficient is 0, which has a derivative all the same.
 */
import type { Features } from '../schedule.ts'
import { add, load, lt, choose, mul, named, overScale, size, sub, x, y, z } from '../equation/build.ts'
import { headAt } from '../equation/heads.ts'
import { writing } from '../equation/plan.ts'
import type { Plan } from '../equation/plan.ts'
import type { Formula } from '../equation.ts'
import { lowest } from '../equation.ts'
import { evaluateRow, ofBlock } from '../feature-rows.ts'
import type { Parts } from '../cells/factorised.ts'
import { featureAt } from '../cells/plan.ts'
import { knownOf } from '../cells/plan.ts'
import type { FactorisedPlan } from '../cells/plan.ts'

/** Names of buffers, [heads, rows, features], and the passes that fill those which forward has not. */
export interface RelativeRows extends Plan {
  /** Exponents of φ(q) over the row's scale; `lowest` where the coefficient is 0. */
  readonly queries: string
  /** The same whatever the coefficient is. */
  readonly ofQueries: string
  /** Exponents of φ(k), whatever the coefficient is. */
  readonly ofKeys: string
}

/** Where nothing is scaled there are no exponents. */
export const plainRows: RelativeRows = { passes: [], buffers: [], queries: '', ofQueries: '', ofKeys: '' }

/** The passes where sums are scaled. */
export function relativeRows(parts: Parts): RelativeRows {
  const { plan } = parts
  const known = overRows(plan, 'relativeExponents', (at) => load('queryExponents', at))
  const ofQueries = plan.queryCoefficients ? written(parts, parts.query) : undefined
  const ofKeys = plan.keyCoefficients ? written(parts, parts.key) : undefined
  const all = [known, ofQueries, ofKeys].filter((one) => one !== undefined)
  return {
    passes: all.flatMap(({ passes }) => passes),
    buffers: all.flatMap(({ buffers }) => buffers),
    queries: 'relativeExponents',
    ofQueries: ofQueries === undefined ? 'relativeExponents' : 'writtenQueryExponents',
    ofKeys: ofKeys === undefined ? 'keyExponents' : 'writtenKeyExponents',
  }
}

function overRows(plan: FactorisedPlan, out: string, exponent: (at: Formula) => Formula): Plan {
  const length = size('length')
  const extent = [plan.features, 'length', plan.heads] as const
  return writing(
    {
      name: 'relative_exponents',
      extent,
      value: overScale(exponent(featureAt(plan, z, length, y, x)), load('rowScales', rowAt)),
      out,
      what: 'the exponents of φ of each query row, over the row’s scale',
    },
    `per query head and row: [${plan.features}]`,
  )
}

/** Index of the row of a cell (x, row, head) in buffers of a number a row. */
const rowAt = add(mul(z, size('length')), y)

/** Exponents as they are written. */
function written({ plan, hasMaxima }: Parts, { side, blocks }: Features): Plan {
  const queries = side === 'query'
  const head = headAt(plan.groups, queries ? 'sliceQueryHead' : 'sliceKeyHead', z, knownOf(plan))
  const rows = queries ? 'length' : 'keyLength'
  const extent = [plan.features, rows, queries ? plan.heads : 'sliceCount'] as const
  const out = queries ? 'writtenQueryExponents' : 'writtenKeyExponents'
  const exponent = ofBlock(blocks, x, (block) => {
    const row = { side, head, row: y, dim: plan.attention.dim, maxima: hasMaxima }
    const component = named('component', sub(x, block.start))
    const { term } = block
    return evaluateRow(row, block, component, [
      term.kind === 'plain' ? term.value : term.exponent,
    ])[0] as Formula
  })
  return writing(
    {
      name: `written_${side}_exponents`,
      extent,
      value: queries
        ? overScale(exponent, load('rowScales', rowAt))
        : choose(lt(y, head.visible), exponent, lowest),
      out,
      what: `the exponents of φ of each ${side} row, whatever the coefficients are`,
    },
    `per head and row: [${plan.features}]`,
  )
}
