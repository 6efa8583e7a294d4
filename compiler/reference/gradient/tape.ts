/**
 * Reverse mode over matrices: each operation of a tape computes rows and leaves behind how a cotangent of
 * them is handed to what it was computed from. Rows and cotangents are of extended range.
 */
import { add, extended, multiply } from '../../symbolic/extended.ts'
import type { Extended } from '../../symbolic/extended.ts'
import { Vector } from '../vector.ts'

/** A matrix of extended-range numbers, by rows. */
export type Rows = readonly Vector[]

const one = extended(1)

/** A matrix [rows, columns] to which terms are added, from zeros. */
export class Sums {
  readonly #columns: number
  readonly #mantissa: Float64Array
  readonly #log: Float64Array

  constructor(rows: number, columns: number) {
    this.#columns = columns
    this.#mantissa = new Float64Array(rows * columns)
    this.#log = new Float64Array(rows * columns)
  }

  /** Adds to one entry. A term of 0 changes nothing, the sign of a zero included. */
  add(row: number, column: number, term: Extended): void {
    if (term.mantissa === 0) return
    const place = row * this.#columns + column
    const before = { mantissa: this.#mantissa[place] ?? NaN, log: this.#log[place] ?? NaN }
    const { mantissa, log } = add(before, term)
    this.#mantissa[place] = mantissa
    this.#log[place] = log
  }

  /** Adds `factor` times a row of as many columns. */
  addRow(row: number, terms: Vector, factor: Extended = one): void {
    if (factor.mantissa === 0) return
    for (let column = 0; column < terms.size; column++)
      this.add(row, column, multiply(factor, terms.at(column)))
  }

  row(index: number): Vector {
    const start = index * this.#columns
    return Vector.from(this.#columns, (column) => ({
      mantissa: this.#mantissa[start + column] ?? NaN,
      log: this.#log[start + column] ?? NaN,
    }))
  }
}

/** A matrix on a tape. */
export class Traced {
  readonly rows: Rows
  readonly columns: number
  /** Absent where nothing asks for the derivative by this matrix. */
  readonly cotangent: Sums | undefined

  constructor(rows: Rows, columns: number, wanted: boolean) {
    this.rows = rows
    this.columns = columns
    this.cotangent = wanted ? new Sums(rows.length, columns) : undefined
  }

  at(row: number): Vector {
    const vector = this.rows[row]
    if (vector === undefined) throw new RangeError(`a matrix of ${this.rows.length} rows has no row ${row}`)
    return vector
  }
}

/** The cotangent of a result, by rows. */
export type Cotangent = (row: number) => Vector

export class Tape {
  readonly #operations: (() => void)[] = []

  /** A matrix that is computed from no other. */
  leaf(rows: Rows, columns: number, wanted: boolean): Traced {
    return new Traced(rows, columns, wanted)
  }

  /** The result `rows` of an operation; `pull` adds to the cotangents of those of `from` that have one. */
  record(rows: Rows, columns: number, from: readonly Traced[], pull: (cotangent: Cotangent) => void): Traced {
    const wanted = from.some(({ cotangent }) => cotangent !== undefined)
    const result = new Traced(rows, columns, wanted)
    const { cotangent } = result
    if (cotangent !== undefined) this.#operations.push(() => pull((row) => cotangent.row(row)))
    return result
  }

  /** Hands the cotangent of `result` to everything that it was computed from. Once for each tape. */
  pull(result: Traced, cotangent: Rows): void {
    for (const [row, terms] of cotangent.entries()) result.cotangent?.addRow(row, terms)
    for (const operation of this.#operations.toReversed()) operation()
  }
}
