/** What a recurrence carries: a matrix [features, value_dim] of float64, each row with a log-scale of its own. */
import { extended, toNumber } from '../symbolic/extended.ts'
import type { Extended } from '../symbolic/extended.ts'
import type { Value } from './evaluate.ts'
import { Vector } from './vector.ts'

/** Entry (f, c) is `values[f, c] · exp(logs[f])`. Never written to once it is made. */
export class State {
  readonly #values: Float64Array
  readonly #logs: Float64Array
  readonly #columns: number

  private constructor(values: Float64Array, logs: Float64Array, columns: number) {
    this.#values = values
    this.#logs = logs
    this.#columns = columns
  }

  static zero(rows: number, columns: number): State {
    return new State(new Float64Array(rows * columns), new Float64Array(rows), columns)
  }

  static ofNumbers(values: ArrayLike<number>, columns: number): State {
    return new State(Float64Array.from(values), new Float64Array(values.length / columns), columns)
  }

  /** x yᵀ */
  static outer(x: Vector, y: Vector): State {
    const values = new Float64Array(x.size * y.size)
    for (let f = 0; f < x.size; f++)
      for (let c = 0; c < y.size; c++) values[f * y.size + c] = (x.mantissa[f] ?? 0) * toNumber(y.at(c))
    return new State(values, x.log ?? new Float64Array(x.size), y.size)
  }

  /** D S, of a scalar D or of one for each row. */
  scaled(by: Value): State {
    const logs = new Float64Array(this.#logs.length)
    const values = this.#values.slice()
    for (let f = 0; f < logs.length; f++) {
      const { mantissa, log } = by instanceof Vector ? by.at(f) : by
      logs[f] = mantissa === 0 ? 0 : (this.#logs[f] ?? 0) + log
      for (let c = f * this.#columns; c < (f + 1) * this.#columns; c++)
        values[c] = (values[c] ?? 0) * mantissa
    }
    return new State(values, logs, this.#columns)
  }

  plus(other: State): State {
    const logs = this.#logs.map((log, f) => {
      const own = this.#isZero(f) ? -Infinity : log
      const others = other.#isZero(f) ? -Infinity : (other.#logs[f] ?? 0)
      const most = Math.max(own, others)
      return Number.isFinite(most) ? most : 0
    })
    const values = new Float64Array(this.#values.length)
    for (let f = 0; f < logs.length; f++) {
      const [a, b] = [
        Math.exp((this.#logs[f] ?? 0) - (logs[f] ?? 0)),
        Math.exp((other.#logs[f] ?? 0) - (logs[f] ?? 0)),
      ]
      for (let c = f * this.#columns; c < (f + 1) * this.#columns; c++)
        values[c] = shifted(this.#values[c], a) + shifted(other.#values[c], b)
    }
    return new State(values, logs, this.#columns)
  }

  /** xᵀS */
  read(x: Vector): Extended[] {
    const logs = Array.from(this.#logs, (log, f) =>
      x.mantissa[f] === 0 || this.#isZero(f) ? -Infinity : log + x.at(f).log,
    )
    const peak = logs.reduce((most, log) => Math.max(most, log), -Infinity)
    const sums = new Float64Array(this.#columns)
    if (!Number.isFinite(peak)) return Array.from(sums, () => extended(0))
    for (const [f, log] of logs.entries()) {
      const weight = (x.mantissa[f] ?? 0) * Math.exp(log - peak)
      if (weight === 0) continue
      for (let c = 0; c < this.#columns; c++)
        sums[c] = (sums[c] ?? 0) + weight * (this.#values[f * this.#columns + c] ?? 0)
    }
    return Array.from(sums, (sum) => extended(sum, sum === 0 ? 0 : peak))
  }

  /** [features, value_dim] */
  get numbers(): Float64Array {
    return this.#values.map((value, n) =>
      toNumber(extended(value, value === 0 ? 0 : (this.#logs[Math.floor(n / this.#columns)] ?? 0))),
    )
  }

  #isZero(row: number): boolean {
    for (let c = row * this.#columns; c < (row + 1) * this.#columns; c++)
      if (this.#values[c] !== 0) return false
    return true
  }
}

/** 0 stays 0 whatever its scale. */
const shifted = (value: number | undefined, by: number): number =>
  value === undefined || value === 0 ? 0 : value * by
