/** Operations on pairs of a query row and a key row: what they weigh, and the shares that make the output. */
import { add, divide, multiply, subtract, zero } from '../../symbolic/extended.ts'
import type { Extended } from '../../symbolic/extended.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { Vector, dot, total } from '../vector.ts'
import { Derivative } from './expression.ts'
import type { Tape, Traced } from './tape.ts'

/** A constant factor of a pair; a pair whose factor is 0 is not looked at. */
export type Factor = (i: number, j: number) => Extended

/** factor·(a_i·b_j) of every pair of rows. */
export function innerProducts(tape: Tape, a: Traced, b: Traced, factor: Factor): Traced {
  return pairs(tape, [a, b], factor, dot, (g, i, j) => {
    a.cotangent?.addRow(i, b.at(j), g)
    b.cotangent?.addRow(j, a.at(i), g)
  })
}

/** factor·κ(q_i, k_j) of every pair of rows. */
export function kernelValues(tape: Tape, kernel: Expression, q: Traced, k: Traced, factor: Factor): Traced {
  const kappa = new Derivative(kernel, ['q', 'k'])
  const at = (left: Vector, right: Vector): Derivative => kappa.set('q', left).set('k', right)
  const value = (left: Vector, right: Vector): Extended => {
    const result = at(left, right).value()
    if (result instanceof Vector) throw new TypeError('a kernel is a number')
    return result
  }
  return pairs(tape, [q, k], factor, value, (g, i, j) => {
    const cotangent = at(q.at(i), k.at(j)).pull(g)
    const [left, right] = [cotangent('q'), cotangent('k')]
    if (left instanceof Vector) q.cotangent?.addRow(i, left)
    if (right instanceof Vector) k.cotangent?.addRow(j, right)
  })
}

/** `pull` is given the cotangent of the value itself, and only where it is not 0. */
function pairs(
  tape: Tape,
  [a, b]: readonly [Traced, Traced],
  factor: Factor,
  value: (left: Vector, right: Vector) => Extended,
  pull: (cotangent: Extended, i: number, j: number) => void,
): Traced {
  const rows = a.rows.map((left, i) =>
    Vector.from(b.rows.length, (j) => {
      const weight = factor(i, j)
      return weight.mantissa === 0 ? zero : multiply(weight, value(left, b.at(j)))
    }),
  )
  return tape.record(rows, b.rows.length, [a, b], (cotangent) => {
    for (const i of rows.keys()) {
      const g = cotangent(i)
      for (const j of b.rows.keys()) {
        const [weight, own] = [factor(i, j), g.at(j)]
        if (weight.mantissa !== 0 && own.mantissa !== 0) pull(multiply(weight, own), i, j)
      }
    }
  })
}

/** The terms with some entries replaced by constants. */
export function withConstants(
  tape: Tape,
  terms: Traced,
  constant: (i: number, j: number) => Extended | undefined,
): Traced {
  const rows = terms.rows.map((row, i) => Vector.from(row.size, (j) => constant(i, j) ?? row.at(j)))
  return tape.record(rows, terms.columns, [terms], (cotangent) => {
    for (const [i, row] of rows.entries()) {
      const g = cotangent(i)
      for (let j = 0; j < row.size; j++) if (constant(i, j) === undefined) terms.cotangent?.add(i, j, g.at(j))
    }
  })
}

/**
 * t_ij/(Σ_j t_ij + beside) for each row of terms. A row without a term that weighs anything, and nothing beside, has
 * shares of 0 whatever its terms become, and hands on nothing.
 */
export function shares(tape: Tape, terms: Traced, beside: Extended): Traced {
  const denominators = terms.rows.map((row) => add(total(row), beside))
  const denominator = (i: number): Extended => denominators[i] ?? zero
  const rows = terms.rows.map((row, i) => {
    const sum = denominator(i)
    return sum.mantissa === 0 ? row : Vector.from(row.size, (j) => divide(row.at(j), sum))
  })
  return tape.record(rows, terms.columns, [terms], (cotangent) => {
    for (const [i, row] of rows.entries()) {
      const sum = denominator(i)
      if (sum.mantissa === 0) continue
      const g = cotangent(i)
      let mean = zero
      for (let j = 0; j < row.size; j++)
        if (row.at(j).mantissa !== 0) mean = add(mean, multiply(g.at(j), row.at(j)))
      for (let j = 0; j < row.size; j++) terms.cotangent?.add(i, j, divide(subtract(g.at(j), mean), sum))
    }
  })
}
