/** A derivation as lines that can be followed with a pencil. */
import type { FeatureModel } from '../../semantics/model.ts'
import { multiply as times, row, variable } from '../../symbolic/build.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { print } from '../../symbolic/print.ts'
import { substitute } from '../../symbolic/traverse.ts'
import { text, rowText } from './express.ts'
import type { Completed } from './gaussian.ts'
import { entry, isPlain, type Quadratic } from './quadratic.ts'
import { add, asConstant, conjugate, imaginaryPart, isReal, one, realPart } from './ring/arithmetic.ts'
import { keyOf } from './ring/atoms.ts'
import type { Value } from './ring/value.ts'

/** One line of a derivation. */
export interface Step {
  readonly title: string
  readonly formula: string
}

/** φ(q)·φ(k) as the file has it. */
export function startStep({ query, key, projected }: FeatureModel, dim: number): Step {
  const scalarBlock = (block: Expression, name: string, place: string): Expression =>
    substitute(substitute(block, 'x', row(name, dim)), 'position', variable(place))
  const products = query.map((block, n) => {
    const partner = key[n] ?? block
    const [left, right] = [scalarBlock(block, 'q', 'i'), scalarBlock(partner, 'k', 'j')]
    if (block.type.kind === 'vector') return `dot(${print(left)}, ${print(right)})`
    return print(times(left, right))
  })
  const sum = products.join(' + ')
  return projected
    ? { title: 'What is estimated, w being a row of the projection', formula: `E[φ(q)·φ(k)] = E_w[${sum}]` }
    : { title: 'What the features give', formula: `φ(q)·φ(k) = ${sum}` }
}

const mostTerms = 6

/** A few steps for each term whose square was completed; one of each conjugate pair is shown. */
export function termSteps(completed: readonly Completed[], dim: number): Step[] {
  const shown: Completed[] = []
  const done = new Set<string>()
  for (const each of completed) {
    if (done.has(each.term.key)) continue
    done.add(each.term.key)
    for (const { key } of conjugate([each.term])) done.add(key)
    shown.push(each)
  }
  const steps = shown.slice(0, mostTerms).flatMap((each) => completedSteps(each, dim))
  const more = shown.length - mostTerms
  return more <= 0 ? steps : [...steps, { title: 'In the same way', formula: `${more} more terms` }]
}

function completedSteps(
  { term, value, quadratic, polynomial, polynomialMean, gain, factor }: Completed,
  dim: number,
): Step[] {
  const pair = isReal([term]) ? (part: Value): Value => part : withConjugate
  const steps: Step[] = []
  const exponential = gain.length > 0 || keyOf(factor) !== keyOf(one)
  if (exponential)
    steps.push({
      title: 'Completing the square',
      formula: `${identity(quadratic, dim)}, ${where(quadratic, dim)}`,
    })
  if (keyOf(polynomial) !== keyOf(one))
    steps.push({
      title: exponential
        ? 'The polynomial, under the normal law that this leaves'
        : 'Moments of a normal vector',
      formula: `E[${text(polynomial, dim)}] = ${either(polynomialMean, dim)}`,
    })
  const name = isReal([term]) ? 'This term' : 'This term and its conjugate'
  return [...steps, { title: name, formula: `E_w[${text(pair([term]), dim)}] = ${text(pair(value), dim)}` }]
}

const withConjugate = (value: Value): Value => add(value, conjugate(value))

function identity(quadratic: Quadratic, dim: number): string {
  if (!isPlain(quadratic))
    return 'E_w[exp(w·u + w·(1 - M)w / 2)] = det(M)^(-1/2) * exp(u·M^(-1)u / 2), M positive definite'
  if (keyOf(quadratic.diagonal) === keyOf(one)) return 'E_w[exp(dot(w, u))] = exp(dot(u, u) / 2)'
  return `E_w[exp(a * dot(w, w) + dot(w, u))] = (1 - 2 * a)^(-${dim} / 2) * exp(dot(u, u) / (2 * (1 - 2 * a)))`
}

function where({ linear, diagonal, directions, coupling }: Quadratic, dim: number): string {
  const parts = [`u = ${complexRow(linear, dim)}`]
  const plain = keyOf(diagonal) === keyOf(one)
  if (directions.length > 0) {
    parts.push(`M = ${plain ? '1' : `diag(${complexRow(diagonal, dim)})`} - B C B'`)
    parts.push(`B = [${directions.map((each) => rowText(each, entry, dim)).join(', ')}]`)
    parts.push(
      `C = [${coupling.map((line) => `[${line.map((each) => either(each, dim)).join(', ')}]`).join(', ')}]`,
    )
  } else if (!plain) {
    const number = asConstant(diagonal)
    parts.push(
      number === undefined
        ? `M = diag(${complexRow(diagonal, dim)}), positive`
        : `1 - 2 * a = ${either(diagonal, dim)}${number.im === 0 ? ' > 0' : ''}`,
    )
  }
  return parts.join(', ')
}

const complexRow = (value: Value, dim: number): string =>
  complexText(value, (part) => rowText(part, entry, dim))
const either = (value: Value, dim: number): string => complexText(value, (part) => text(part, dim))

function complexText(value: Value, write: (part: Value) => string): string {
  const imaginary = imaginaryPart(value)
  if (imaginary.length === 0) return write(value)
  const real = realPart(value)
  const written = `i * (${write(imaginary)})`
  return real.length === 0 ? written : `${write(real)} + ${written}`
}
