/**
 * What is left of a feature once its row is known: an expression in linear forms
 * of the projection row w, `element(form, n)` standing for dot(w, forms[n]).
 *
 *     relu(dot(w / 2, x) + norm(x))   at x = [3, 4]   →   relu(form[0] + 5),  forms[0] = [1.5, 2]
 */
import { applyNamed, constant, element } from '../../../symbolic/build.ts'
import { type Environment, evaluate, type Value } from '../../../symbolic/evaluate.ts'
import type { Apply, Expression } from '../../../symbolic/expression.ts'
import { scalarOperator } from '../../../symbolic/operators.ts'
import { mentions } from '../../../symbolic/traverse.ts'
import { OutOfReach } from '../ring/value.ts'

/** The value of an expression, by those of the forms. */
export type Program = (forms: Float64Array) => number

/** slope·w + offset, entry by entry. */
interface AffineRow {
  readonly slope: Float64Array
  readonly offset: Float64Array
}

/** The projection row's name in features. */
const projection = 'w'

/** @throws OutOfReach where w enters through anything but linear forms */
export function residual(block: Expression, row: Environment, dim: number, forms: Float64Array[]): Program {
  return programOf(new Remainder(row, dim, forms).scalar(block))
}

class Remainder {
  readonly #row: Environment
  readonly #dim: number
  readonly #forms: Float64Array[]

  constructor(row: Environment, dim: number, forms: Float64Array[]) {
    this.#row = row
    this.#dim = dim
    this.#forms = forms
  }

  scalar(expression: Expression): Expression {
    if (!mentions(expression, projection)) return constant(numberOf(evaluate(expression, this.#row)))
    if (expression.kind !== 'apply') throw beyondForms()
    const { operator, args } = expression
    if (scalarOperator(operator) === undefined) return this.#form(expression)
    return applyNamed(
      operator,
      args.map((arg) => this.scalar(arg)),
    )
  }

  #form({ operator, args }: Apply): Expression {
    const [a, b] = args.map((arg) => this.#affine(arg))
    if (a === undefined) throw beyondForms()
    if (operator === 'dot' && b !== undefined) return this.#product(a, b)
    const each = { sum: 1, mean: 1 / this.#dim }[operator]
    if (each === undefined) throw beyondForms()
    return this.#product(a, this.#known(each))
  }

  #product(a: AffineRow, b: AffineRow): Expression {
    if (moves(a) && moves(b)) throw beyondForms()
    const form = a.slope.map((slope, t) => slope * at(b.offset, t) + at(b.slope, t) * at(a.offset, t))
    const offset = a.offset.reduce((sum, entry, t) => sum + entry * at(b.offset, t), 0)
    const known = this.#forms.findIndex((other) => other.every((entry, t) => entry === form[t]))
    const place = known < 0 ? this.#forms.push(form) - 1 : known
    return applyNamed('add', [element(projection, constant(place)), constant(offset)])
  }

  #affine(expression: Expression): AffineRow {
    if (!mentions(expression, projection)) return this.#known(evaluate(expression, this.#row))
    if (expression.kind === 'variable') return { slope: this.#filled(1), offset: this.#filled(0) }
    if (expression.kind !== 'apply') throw beyondForms()
    const [a, b] = expression.args.map((arg) => this.#affine(arg))
    if (a === undefined) throw beyondForms()
    if (expression.operator === 'negate') return scaled(a, this.#filled(-1))
    if (b === undefined) throw beyondForms()
    switch (expression.operator) {
      case 'add':
        return sum(a, b)
      case 'subtract':
        return sum(a, scaled(b, this.#filled(-1)))
      case 'multiply':
        if (moves(a) && moves(b)) throw beyondForms()
        return moves(a) ? scaled(a, b.offset) : scaled(b, a.offset)
      case 'divide':
        if (moves(b)) throw beyondForms()
        return scaled(
          a,
          b.offset.map((entry) => 1 / entry),
        )
      default:
        throw beyondForms()
    }
  }

  #known(value: Value): AffineRow {
    const offset = typeof value === 'number' ? this.#filled(value) : value
    return { slope: this.#filled(0), offset }
  }

  #filled(value: number): Float64Array {
    return new Float64Array(this.#dim).fill(value)
  }
}

const at = (row: Float64Array, t: number): number => row[t] ?? Number.NaN
const moves = ({ slope }: AffineRow): boolean => slope.some((entry) => entry !== 0)
const sum = (a: AffineRow, b: AffineRow): AffineRow => ({
  slope: a.slope.map((entry, t) => entry + at(b.slope, t)),
  offset: a.offset.map((entry, t) => entry + at(b.offset, t)),
})
const scaled = (a: AffineRow, by: Float64Array): AffineRow => ({
  slope: a.slope.map((entry, t) => entry * at(by, t)),
  offset: a.offset.map((entry, t) => entry * at(by, t)),
})

const beyondForms = (): OutOfReach => new OutOfReach('the projection in more than linear forms')

const numberOf = (value: Value): number => (typeof value === 'number' ? value : Number.NaN)

/** Without an environment and without vectors: it runs a hundred thousand times. */
function programOf(expression: Expression): Program {
  if (expression.kind === 'constant') return () => expression.value
  if (expression.kind === 'element' && expression.index.kind === 'constant') {
    const place = expression.index.value
    return (forms) => at(forms, place)
  }
  const record = expression.kind === 'apply' ? scalarOperator(expression.operator) : undefined
  if (expression.kind !== 'apply' || record === undefined) throw beyondForms()
  const { value } = record
  const [a, b, ...more] = expression.args.map(programOf)
  if (a === undefined || more.length > 0) throw beyondForms()
  if (expression.args.every(({ kind }) => kind === 'constant')) {
    const known = b === undefined ? value(a(none)) : value(a(none), b(none))
    return () => known
  }
  return b === undefined ? (forms) => value(a(forms)) : (forms) => value(a(forms), b(forms))
}

const none = new Float64Array()
