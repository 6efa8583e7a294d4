/**
 * Holds an attention to the invariants of `attention.ts`. What fails here is a
 * defect of the compiler, so it throws.
 */
import { invariant } from '../diagnostics/invariant.ts'
import { evaluateScalar } from '../symbolic/evaluate.ts'
import type { Environment } from '../symbolic/evaluate.ts'
import type { Expression } from '../symbolic/expression.ts'
import { rowOperator } from '../symbolic/operators.ts'
import { print } from '../symbolic/print.ts'
import { children, freeVariables } from '../symbolic/traverse.ts'
import type {
  Attention,
  FactorisedScore,
  FeatureBlock,
  Mapped,
  RowOperation,
  ScaledTerm,
} from './attention.ts'
import { verifyDivision } from './division.ts'
import { actionOf, featuresOf, isAlong, mapsOf, outputOf, shapeOf, termsOf } from './facts.ts'
import { isOperation, operationsOf, recordOf } from './operations/index.ts'
import { samplePoints } from './sample.ts'

/** The attention itself, so that a stage may end with this call. */
export function verify(attention: Attention): Attention {
  const { steps, dim, valueDim, scale, division } = attention
  for (const size of [dim, valueDim])
    invariant(Number.isInteger(size) && size > 0, 'widths are positive integers')
  invariant(scale > 0 && Number.isFinite(scale), 'the scale is positive and finite')
  verifyDivision(division)
  invariant(outputOf(attention).result === 'out', 'the last step gives the output')
  for (const operation of operationsOf(steps)) verifyOperation(operation, steps)
  const score = featuresOf(attention)
  const tables = attention.data.map(({ name }) => name)
  const width = Math.max(
    dim,
    ...mapsOf(attention).map((map) => map.width),
    ...attention.data.map(({ shape: [size = 1] }) => size),
  )
  mapsOf(attention).forEach(verifyMap)
  if (score === undefined)
    for (const kernel of new Set(termsOf(attention))) verifyTerm(kernel, ['q', 'k', ...tables], width)
  else verifyFactors(score, dim)
  for (const step of operationsOf(steps))
    if (step.kind === 'attend' && step.beside !== undefined)
      verifyForm(step.beside, ['head', 'heads', ...tables])
  const action = actionOf(attention)
  if (action.kind === 'powers') verifyForm(action.base, ['head'])
  return attention
}

/** An operation takes the results of steps before its own, and rows between steps that mix them are of a fixed number. */
function verifyOperation(operation: RowOperation, steps: readonly RowOperation[]): void {
  const at = steps.indexOf(operation)
  if (at === -1) return
  const mixed = steps.some((step) => !isAlong(step) && recordOf(step).operands(step).includes(operation))
  const fixed = !mixed || isAlong(operation) || shapeOf(operation).count !== undefined
  invariant(fixed, `${operation.result} has rows of a fixed number`)
  for (const operand of recordOf(operation).operands(operation)) {
    const place = isOperation(operand) ? steps.indexOf(operand) : -1
    invariant(place < at, `${operation.result} is made of what comes before it`)
  }
}

/** Parts lie side by side in the row, and see no more than what is theirs. */
function verifyMap({ parts, rows, data, width, result }: Mapped): void {
  const names = [...Object.keys(rows), ...data.map(({ name }) => name)]
  let end = 0
  for (const { start, size, value } of parts.toSorted((a, b) => a.start - b.start)) {
    invariant(start >= end && start + size <= width, `the parts of ${result} lie apart in its rows`)
    verifyForm(value, [...names, 'component', 'position', 'length', 'head', 'heads'])
    end = start + size
  }
}

function verifyFactors(score: FactorisedScore, dim: number): void {
  const { query, key, projections, features, claims } = score
  invariant(query.length === key.length, 'query and key have equally many blocks')
  invariant(
    query.every(({ size }, n) => size === key[n]?.size),
    'blocks of query and key have equal sizes',
  )
  invariant(
    query.reduce((sum, { size }) => sum + size, 0) === features,
    'the sizes of the blocks add up to the features',
  )
  for (const block of new Set([...query, ...key])) verifyBlock(block, projections?.count, dim)
  if (claims !== undefined) verifyTerm(claims, ['q', 'k'], dim)
}

function verifyBlock(block: FeatureBlock, projections: number | undefined, dim: number): void {
  const { size, exponent, projectedExponent } = block
  const own = projections === undefined ? 'component' : 'w'
  verifyTerm(block, ['x', own, 'position', 'length'], dim, size)
  if (projections !== undefined)
    invariant(size === projections, 'a projected block has a feature per projection')
  if (projectedExponent === undefined) return
  invariant(
    projections !== undefined && exponent !== undefined,
    'only a projected exponent has a projected part',
  )
  verifyForm(projectedExponent, ['x', 'w', 'position', 'length'])
}

function verifyTerm(term: ScaledTerm, names: readonly string[], dim: number, size = 1): void {
  const { value, coefficient, exponent } = term
  for (const part of [value, coefficient, ...(exponent ? [exponent] : [])]) verifyForm(part, names)
  for (const point of samplePoints(dim, size)) {
    const whole = evaluateScalar(value, point)
    const factor = evaluateScalar(coefficient, point)
    const split = exponent === undefined ? factor : factor * Math.exp(evaluateScalar(exponent, point))
    if (!Number.isFinite(whole) || !Number.isFinite(split)) continue
    const apart = Math.abs(whole - split)
    invariant(
      apart <= 1e-9 * (Math.abs(whole) + Math.abs(split)) + 1e-12 ||
        apart <= rounding * largestPart(value, point),
      `${print(value)} is ${print(coefficient)} times exp of its exponent`,
    )
    if (term.sign !== 'unknown') invariant(whole >= 0, `${print(value)} is not negative`)
  }
}

/** A few roundings of float64, relatively. */
const rounding = 2 ** -46

/** The largest number on the way to a value. A difference is known no better than the roundings of its terms. */
function largestPart(node: Expression, point: Environment): number {
  const own = Math.abs(evaluateScalar(node, point))
  const parts = node.kind === 'apply' ? node.args.map((arg) => largestPart(arg, point)) : []
  return Math.max(Number.isNaN(own) ? Infinity : own, ...parts)
}

function verifyForm(expression: Expression, names: readonly string[]): void {
  const strangers = [...freeVariables(expression)].filter((name) => !names.includes(name))
  invariant(strangers.length === 0, `${print(expression)} has no variables but ${names.join(', ')}`)
  verifyNodes(expression)
}

function verifyNodes(node: Expression): void {
  // Prints only nodes that fail, because printing all of them would take the square of the time.
  const isRow = node.kind === 'apply' && rowOperator(node.operator) !== undefined
  const promised = node.type.kind !== 'scalar' ? 'a scalar' : isRow ? 'in component form' : undefined
  if (promised !== undefined) invariant(false, `${print(node)} is ${promised}`)
  children(node).forEach(verifyNodes)
}
