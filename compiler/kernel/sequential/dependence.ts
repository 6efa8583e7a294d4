/** How the values of a cell's kernel depend on the cell: on its column x, on its row y, or on neither. */
import type { CellKernel } from '../cell.ts'
import type { Statement, Value } from '../kernel.ts'
import { typeOf } from '../types.ts'
import { children } from '../walk.ts'

/** Whether a value differs between the columns, and between the rows, of a block of cells. */
export interface Dependence {
  readonly x: boolean
  readonly y: boolean
}

const none: Dependence = { x: false, y: false }
const both = (a: Dependence, b: Dependence): Dependence => ({ x: a.x || b.x, y: a.y || b.y })

/** Neighbouring cells that are a block, which begins at multiples of these. */
export interface BlockSize {
  readonly rows: number
  readonly columns: number
}

/** The dependences in a kernel of cells in blocks. */
export class Dependences {
  readonly #names = new Map<string, Dependence>([
    ['x', { x: true, y: false }],
    ['y', { x: false, y: true }],
  ])
  readonly #coefficients = new Map<string, number | undefined>()
  readonly #rows: number
  readonly #columns: number
  /** Whether a loop has other bounds in other rows, or columns. */
  ofLoops: Dependence = none
  /** Of conditions of branches. */
  ofBranches: Dependence = none

  constructor({ body }: Pick<CellKernel, 'body'>, { rows, columns }: BlockSize) {
    this.#rows = rows
    this.#columns = columns
    // What a loop assigns reaches what stands before it in the loop.
    for (let before = -1; before !== this.#size;) {
      before = this.#size
      this.#visit(body, none)
    }
  }

  get #size(): number {
    return [...this.#names.values()].reduce((sum, { x, y }) => sum + 1 + Number(x) + Number(y), 0)
  }

  #visit(body: readonly Statement[], around: Dependence): void {
    for (const one of body) {
      if (one.kind === 'let' || one.kind === 'var') {
        this.#add(one.name, both(this.of(one.value), one.kind === 'var' ? around : none))
        if (one.kind === 'let') this.#coefficients.set(one.name, this.coefficient(one.value))
      } else if (one.kind === 'assign') this.#add(one.target.name, both(this.of(one.value), around))
      else if (one.kind === 'for') {
        const bounds = both(this.of(one.from), this.of(one.to))
        this.ofLoops = both(this.ofLoops, bounds)
        this.#add(one.index, none)
        this.#visit(one.body, both(around, bounds))
      } else if (one.kind === 'if') {
        const condition = this.of(one.condition)
        this.ofBranches = both(this.ofBranches, condition)
        this.#visit(one.then, both(around, condition))
        this.#visit(one.otherwise ?? [], both(around, condition))
      }
    }
  }

  #add(name: string, dependence: Dependence): void {
    this.#names.set(name, both(this.#names.get(name) ?? none, dependence))
  }

  of(value: Value): Dependence {
    if (value.kind === 'name') return this.#names.get(value.name) ?? none
    // Rows of a block are of one chunk, because chunks begin at multiples of the block.
    if (value.kind === 'binary' && value.operator === '/' && isRow(value.left))
      if (value.right.kind === 'number' && value.right.value % this.#rows === 0) return none
    if (value.kind === 'binary' && this.#splitsNoVector(value)) return none
    return children(value)
      .map((child) => this.of(child))
      .reduce(both, none)
  }

  /** Whether it compares the column with a multiple of the columns of a block, which is the same for all of these. */
  #splitsNoVector({ operator, left, right }: Extract<Value, { kind: 'binary' }>): boolean {
    return (
      (operator === '<' || operator === '>=') &&
      left.kind === 'name' &&
      left.name === 'x' &&
      right.kind === 'number' &&
      right.value % this.#columns === 0
    )
  }

  /** How much an integer grows from column to column; undefined where it does not grow evenly, or falls. */
  coefficient(value: Value): number | undefined {
    if (!this.of(value).x) return 0
    if (value.kind === 'name') return value.name === 'x' ? 1 : this.#coefficients.get(value.name)
    if (value.kind !== 'binary' || typeOf(value) !== 'u32') return undefined
    const [left, right] = [this.coefficient(value.left), this.coefficient(value.right)]
    if (left === undefined || right === undefined) return undefined
    if (value.operator === '+') return left + right
    if (value.operator === '-') return left < right ? undefined : left - right
    if (value.operator !== '*') return undefined
    if (value.right.kind === 'number') return left * value.right.value
    return value.left.kind === 'number' ? right * value.left.value : undefined
  }
}

const isRow = (value: Value): boolean => value.kind === 'name' && value.name === 'y'
