/** φ of rows as the algebra has it: scaled terms, or the papers' maxima. */
import { add, apply, constant, subtract, variable } from '../../symbolic/build.ts'
import { environmentOf, evaluateScalar } from '../../symbolic/evaluate.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { mapChildren, mentions } from '../../symbolic/traverse.ts'
import type { Attention, FeatureBlock } from '../attention.ts'
import { projectedPart } from '../projected.ts'
import type { FeatureRow } from '../state.ts'

/** Whose features: they may differ. */
export type Side = 'query' | 'key'

/**
 * @param rows of one head, multiplied by √scale
 * @param length how many of them count
 */
export function featureRows(
  { stabilize }: Attention,
  blocks: readonly FeatureBlock[],
  side: Side,
  rows: readonly Float64Array[],
  length: number,
  projection: readonly Float64Array[],
): FeatureRow[] {
  if (stabilize.kind !== 'max')
    return rows.map((_, position) => {
      const at = (part: (block: FeatureBlock) => Expression): Float64Array =>
        components(blocks, part, rows, position, projection, { length })
      return {
        coefficient: at((block) => (stabilize.kind === 'none' ? block.value : block.coefficient)),
        exponent: at((block) => (stabilize.kind === 'none' ? undefined : block.exponent) ?? constant(0)),
      }
    })
  const inner = blocks.flatMap((block) =>
    projectedExponents(block.value).map((value) => ({ ...block, value })),
  )
  const maxima = rows.map((_, position) =>
    components(inner, ({ value }) => value, rows, position, projection, { length }).reduce(larger, -Infinity),
  )
  const overall = maxima.reduce(larger, -Infinity)
  const lowered = blocks.map((block) => ({ ...block, value: belowMaximum(block.value, stabilize.offset) }))
  return rows.map((_, position) => {
    const maximum = side === 'query' ? (maxima[position] ?? overall) : overall
    const coefficient = components(lowered, ({ value }) => value, rows, position, projection, {
      maximum,
      length,
    })
    return { coefficient, exponent: new Float64Array(coefficient.length) }
  })
}

const larger = (a: number, b: number): number => Math.max(a, b)

/** One expression of every block, for each of its components. */
function components<Block extends { readonly size: number }>(
  blocks: readonly Block[],
  part: (block: Block) => Expression,
  rows: readonly Float64Array[],
  position: number,
  projection: readonly Float64Array[],
  more: Readonly<Record<string, number>>,
): Float64Array {
  const x = rows[position] ?? new Float64Array(0)
  return Float64Array.from(
    blocks.flatMap((block) => {
      const expression = part(block)
      return Array.from({ length: block.size }, (_, component) => {
        const w = projection[component] ?? x
        const names = { x, w, component, position, ...more }
        return evaluateScalar(expression, environmentOf(names))
      })
    }),
  )
}

const isExponential = (node: Expression): node is Expression & { kind: 'apply' } =>
  node.kind === 'apply' && node.operator === 'exp'

function projectedExponents(value: Expression): Expression[] {
  const [exponent] = isExponential(value) ? value.args : []
  if (exponent !== undefined) return [projectedPart(exponent) ?? []].flat()
  return value.kind === 'apply' ? value.args.flatMap(projectedExponents) : []
}

/** Every exp(e) becomes exp(e − maximum) + offset; where e does not see w, nothing is subtracted. */
function belowMaximum(value: Expression, offset: number): Expression {
  const [exponent] = isExponential(value) ? value.args : []
  if (exponent === undefined) return mapChildren(value, (child) => belowMaximum(child, offset))
  const lowered = mentions(exponent, 'w') ? subtract(exponent, variable('maximum')) : exponent
  return add(apply('exp', lowered), constant(offset))
}
