/**
 * The gradient of the projection: for each of its rows w, Σ (∂φ_c/∂w)ᵀ u_c over the rows of both sides, where u_c is
 * the cotangent of the component that sees w. As in `pull.ts` a derivative is a weight, one number a component, times a
 * slope, which sees entries; here the entries are those of w. Each head adds up its own rows, and heads are then added
 * in their order.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import { add, load, mul, real, size, sum, x, y, z } from '../equation/build.ts'
import { headAt } from '../equation/heads.ts'
import { writing } from '../equation/plan.ts'
import type { Plan } from '../equation/plan.ts'
import type { Extent, Formula } from '../equation.ts'
import { evaluateRow } from '../feature-rows.ts'
import type { FeatureRow } from '../feature-rows.ts'
import type { Parts } from '../cells/factorised.ts'
import type { Features } from '../schedule.ts'
import { addToTotal, beginTotal, totalBuffer } from './parameters.ts'
import type { Total, Totals } from './parameters.ts'
import { cotangentOf, deriveBlock, weighing } from './pull.ts'

/** Writes `dprojection`, [projections, dim], from the cotangents of the components of both sides. */
export function projectionGradient(parts: Parts, totals: Totals): Plan {
  const { plan, score, query, key } = parts
  const { projections } = score
  invariant(projections !== undefined, 'features are projected')
  const { dim } = plan.attention
  const total: Total = {
    totals,
    out: 'dprojection',
    name: 'projection_gradient',
    extent: [dim, projections.count, 1],
    what: 'the projection',
  }
  const sides = [partsOfSide(parts, query, total.extent), partsOfSide(parts, key, total.extent)]
  const ofHeads = (buffer: string, heads: Formula): Formula =>
    sum('head', heads, (head) => load(buffer, add(mul(add(mul(head, projections.count), y), dim), x)))
  const passes = [
    beginTotal(total),
    addToTotal(
      total,
      add(ofHeads(bufferOf(query), size(plan.heads)), ofHeads(bufferOf(key), size('sliceCount'))),
    ),
  ]
  return {
    passes: [...sides.flatMap((side) => side.passes), ...passes],
    buffers: [
      ...sides.flatMap(({ buffers }) => buffers),
      totalBuffer(total, `[${projections.count}, ${dim}]`),
    ],
  }
}

const bufferOf = ({ side }: Features): string => `${side}ProjectionParts`

/** The part of each head, from its rows of one side. */
function partsOfSide({ plan, hasMaxima: maxima }: Parts, features: Features, [width, count]: Extent): Plan {
  const { side } = features
  const queries = side === 'query'
  const blocks = features.blocks.map((block) => deriveBlock(block, 'w'))
  const { ofSlopes, passes, buffers } = weighing(plan, features, blocks, {
    cotangents: queries ? 'queryCotangents' : 'keyCotangents',
    maxima,
    name: `weigh_${side}_cotangents_of_projection`,
    buffer: `${side}WeightedOfProjection`,
  })
  const head = headAt(plan.groups, queries ? 'sliceQueryHead' : 'sliceKeyHead', z, { lengths: true })
  const rows = size(queries ? 'length' : 'keyLength')
  const ofRow = (index: Formula): Formula => {
    const row: FeatureRow = { side, head, row: index, dim: plan.attention.dim, maxima }
    const summands = blocks.flatMap(({ block, slopes, places }) => {
      invariant(places.length === 0, 'a component sees no single entry of a projection')
      return slopes.map((slope) => {
        const [factor] = evaluateRow(row, block, y, [slope.slope], x)
        return mul(cotangentOf({ row, at: z, rows }, ofSlopes(slope, block), y), factor ?? real(1))
      })
    })
    const [first, ...others] = summands
    if (first === undefined) return real(0)
    return others.length === 0 ? first : add(first, ...others)
  }
  const part = writing(
    {
      name: `projection_of_${side}_rows`,
      extent: [width, count, queries ? plan.heads : 'sliceCount'],
      value: sum('row', queries ? rows : head.visible, ofRow),
      out: bufferOf(features),
      what: `the gradient of the projection from the ${side} rows of each head`,
    },
    `per head: [${String(count)} × ${String(width)}]`,
  )
  return { passes: [...passes, ...part.passes], buffers: [...buffers, ...part.buffers] }
}
