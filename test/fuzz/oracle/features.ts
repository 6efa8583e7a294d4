// φ(x) of rows: block by block, a block of a projected feature once for each projection.
import type { AttentionModel, FeatureModel } from '../../../compiler/semantics/model.ts'
import type { Expression } from '../../../compiler/symbolic/expression.ts'
import { evaluateRow } from './expression.ts'
import type { Names } from './expression.ts'
import { largest } from './functions.ts'
import type { Row } from './functions.ts'
import { plain } from './item.ts'
import type { Numbers } from './item.ts'
import { wide } from './wide.ts'

/** @param counted how many of the rows are not padding: what `length` means in a feature */
export function featuresOf(
  model: AttentionModel,
  side: 'query' | 'key',
  rows: readonly Row[],
  counted: number,
  projection: readonly Numbers[],
): Row[] {
  const feature = model.feature!
  const w = feature.projected ? plain(projection) : [[]]
  const names = (row: Row, position: number): Names => ({
    x: row,
    position: wide(position),
    length: wide(counted),
  })
  const blocks = feature[side]
  if (model.stabilize.kind !== 'max')
    return rows.map((row, position) => everyBlock(blocks, w, names(row, position)))
  const parts = blocks.flatMap(projectedExponents)
  const maxima = rows.map((row, position) => largest(everyBlock(parts, w, names(row, position))))
  const { offset } = model.stabilize
  const shifted = blocks.map((block) => withMaximum(block, offset))
  return rows.map((row, position) => {
    const maximum = side === 'query' ? maxima[position]! : largest(maxima)
    return everyBlock(shifted, w, { ...names(row, position), maximum })
  })
}

const everyBlock = (blocks: FeatureModel['query'], projection: readonly Row[], names: Names): Row =>
  blocks.flatMap((block) => projection.flatMap((w) => evaluateRow(block, { ...names, w })))

const seesProjection = (expression: Expression): boolean =>
  expression.kind === 'variable'
    ? expression.name === 'w'
    : expression.kind === 'apply' && expression.args.some(seesProjection)

/** The terms of an exponent that see w, which `stabilize: max` takes maxima of. */
function projectedPart(exponent: Expression): Expression | undefined {
  if (!seesProjection(exponent)) return undefined
  if (exponent.kind !== 'apply') return exponent
  const { operator, args } = exponent
  if (operator !== 'add' && operator !== 'subtract' && operator !== 'negate') return exponent
  const [first, second] = args.map(projectedPart)
  if (first !== undefined && (second !== undefined || operator === 'negate')) return exponent
  if (first !== undefined) return first
  return operator === 'subtract' ? { ...exponent, operator: 'negate', args: [second!] } : second
}

/** Of each exp(e) that stands in no other's exponent. */
function projectedExponents(block: Expression): Expression[] {
  if (block.kind !== 'apply') return []
  const part = block.operator === 'exp' ? projectedPart(block.args[0]!) : undefined
  return block.operator === 'exp'
    ? part === undefined
      ? []
      : [part]
    : block.args.flatMap(projectedExponents)
}

/** exp(e) becomes exp(e − maximum) + E, and one that does not see w exp(e) + E. */
function withMaximum(block: Expression, offset: number): Expression {
  if (block.kind !== 'apply') return block
  if (block.operator !== 'exp') return { ...block, args: block.args.map((arg) => withMaximum(arg, offset)) }
  const { type } = block
  const [exponent] = block.args
  const maximum: Expression = { kind: 'variable', type, name: 'maximum' }
  const shifted: Expression = seesProjection(exponent!)
    ? { kind: 'apply', type, operator: 'subtract', args: [exponent!, maximum] }
    : exponent!
  const added: Expression = { kind: 'constant', type, value: offset }
  return { kind: 'apply', type, operator: 'add', args: [{ ...block, args: [shifted] }, added] }
}

/** φ(q)·φ(k) with the factor 1/√m that a projected feature carries on either side. */
export function featureFactor(model: AttentionModel): number {
  return model.feature!.projected ? 1 / model.projections!.count : 1
}
