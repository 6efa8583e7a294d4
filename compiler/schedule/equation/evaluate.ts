/**
 * The float64 meaning of an equation: its formula for each cell of its box, from
 * the numbers of its buffers. Kernels and templates are held to it.
 */
import { evaluateSize } from '../../../runtime/contract/size.ts'
import type { Shape } from '../../../runtime/contract/shape.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import { environmentOf, evaluateScalar } from '../../symbolic/evaluate.ts'
import type { Environment } from '../../symbolic/evaluate.ts'
import type { EquationPass, Formula, FormulaOperator, IndexFormula, Loop, Terms } from '../equation.ts'
import { lowest } from '../equation.ts'
import { freeIndexes } from './traverse.ts'

/** The numbers of buffers, by name. */
export type Buffers = (name: string) => Float64Array

/** Computes every cell of the box, then writes them: in their order, or each to its place. */
export function evaluateEquation(
  { extent, value, out, place }: Pick<EquationPass, 'extent' | 'value' | 'out' | 'place'>,
  shape: Shape,
  buffers: Buffers,
): void {
  const [width, height, depth] = extent.map((size) => evaluateSize(size, shape)) as [number, number, number]
  const cells = Array.from({ length: width * height * depth }, (_, at) => {
    const cell = [at % width, Math.floor(at / width) % height, Math.floor(at / (width * height))] as const
    const around = { shape, buffers }
    return [place === undefined ? at : evaluateCell(place, cell, around), evaluateCell(value, cell, around)]
  })
  const written = buffers(out)
  for (const [at, number] of cells) written[at ?? Number.NaN] = number ?? Number.NaN
}

/** The sizes of the call and the numbers of its buffers, which a formula reads. */
export interface Surroundings {
  readonly shape: Shape
  readonly buffers: Buffers
}

/** The value of a formula in the cell (x, y, z); a bool is 0 or 1. */
export function evaluateCell(
  formula: Formula,
  [x, y, z]: readonly [number, number, number],
  around: Surroundings,
): number {
  return new Cell(around, { x, y, z }).value(formula)
}

/** Values that were computed under the same indexes. */
interface Frame {
  readonly index?: IndexFormula
  readonly known: Map<object, readonly number[]>
}

class Cell {
  readonly #around: Surroundings
  readonly #coordinates: Readonly<Record<string, number>>
  readonly #indexes = new Map<IndexFormula, number>()
  readonly #frames: Frame[] = [{ known: new Map() }]

  constructor(around: Surroundings, coordinates: Readonly<Record<string, number>>) {
    this.#around = around
    this.#coordinates = coordinates
  }

  value(formula: Formula): number {
    const { shape, buffers } = this.#around
    switch (formula.kind) {
      case 'number':
        return formula.value
      case 'index': {
        const index = this.#indexes.get(formula) ?? this.#coordinates[formula.name]
        invariant(index !== undefined, `the index ${formula.name} is bound`)
        return index
      }
      case 'size':
        return evaluateSize(formula.size, shape)
      case 'bufferLength':
        return buffers(formula.buffer).length
      case 'load':
        return loaded(buffers(formula.buffer), this.value(formula.index), formula.buffer)
      case 'apply':
        return operate(
          formula.operator,
          formula.operands.map((operand) => this.value(operand)),
          formula.type === 'u32',
        )
      case 'convert':
        return formula.type === 'u32' ? Math.trunc(this.value(formula.value)) : this.value(formula.value)
      case 'named':
        return this.#once(formula, formula, () => [this.value(formula.value)])
      case 'choose':
        return this.value(this.value(formula.condition) !== 0 ? formula.yes : formula.no)
      case 'accumulated':
        return this.#once(formula, formula.loop, () => this.#loop(formula.loop), formula.which)
      case 'term':
        return this.#once(formula, formula.terms, () => this.#terms(formula.terms), formula.which)
      case 'condition': {
        const names = Object.entries(formula.names).map(([name, of]) => [name, this.value(of)] as const)
        return evaluateScalar(formula.condition, environmentOf(Object.fromEntries(names)))
      }
    }
  }

  /** Values that are computed once for the indexes that they depend on. */
  #once(formula: Formula, key: object, compute: () => readonly number[], which = 0): number {
    const free = freeIndexes(formula)
    const frame =
      this.#frames.findLast(({ index }) => index !== undefined && free.has(index)) ?? this.#frames[0]
    const values = frame?.known.get(key) ?? compute()
    frame?.known.set(key, values)
    return values[which] ?? Number.NaN
  }

  #loop({ index, count, where, terms }: Loop): readonly number[] {
    const totals: number[] = terms.map(({ operator }) => (operator === 'sum' ? 0 : lowest))
    const until = this.value(count)
    for (let at = 0; at < until; at++) {
      this.#indexes.set(index, at)
      this.#frames.push({ index, known: new Map() })
      if (where === undefined || this.value(where) !== 0)
        terms.forEach(({ operator, value }, place) => {
          const [total, one] = [totals[place] ?? 0, this.value(value)]
          totals[place] = operator === 'sum' ? total + one : Math.max(total, one)
        })
      this.#frames.pop()
    }
    this.#indexes.delete(index)
    return totals
  }

  #terms({ expressions, rows, scalars, indexes = {} }: Terms): readonly number[] {
    const { buffers } = this.#around
    const numbers = Object.entries({ ...scalars, ...indexes }).map(
      ([name, of]) => [name, this.value(of)] as const,
    )
    const vectors = Object.entries(rows).map(([name, { buffer, start }]) => {
      // Rows have no length of their own; an expression asks for the entries that it knows of.
      return [name, buffers(buffer).subarray(this.value(start))] as const
    })
    const environment: Environment = environmentOf({
      ...Object.fromEntries(numbers),
      ...Object.fromEntries(vectors),
    })
    return expressions.map((expression) => evaluateScalar(expression, environment))
  }
}

function loaded(buffer: Float64Array, index: number, name: string): number {
  const value = buffer[index]
  invariant(value !== undefined, `entry ${index} of ${name} lies inside its ${buffer.length} numbers`)
  return value
}

function operate(
  operator: FormulaOperator,
  [a = 0, b = 0, c = 0]: readonly number[],
  whole: boolean,
): number {
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return whole ? Math.floor(a / b) : a / b
    case '%':
      return a % b
    case '<':
      return Number(a < b)
    case '<=':
      return Number(a <= b)
    case '>':
      return Number(a > b)
    case '>=':
      return Number(a >= b)
    case '==':
      return Number(a === b)
    case '!=':
      return Number(a !== b)
    case '&&':
      return Number(a !== 0 && b !== 0)
    case 'min':
      return Math.min(a, b)
    case 'max':
      return Math.max(a, b)
    case 'exp':
      return Math.exp(a)
    case 'exp2':
      return 2 ** a
    case 'abs':
      return Math.abs(a)
    case 'select':
      return a === 0 ? c : b
  }
}
