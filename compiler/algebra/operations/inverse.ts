/** The iterative pseudo-inverse. */
import type { Inverse } from '../rows.ts'
import { multiply } from './product.ts'
import type { Matrix, OperationRecord } from './record.ts'

/** The record of `inverse`. */
export const inverse: OperationRecord<Inverse> = {
  operands: ({ matrix }) => [matrix],
  shape: ({ matrix }, of) => of(matrix),
  evaluate: ({ matrix, iterations }, { rows }) => pseudoInverse(rows(matrix), iterations),
  weightsPositive: () => 'weights through a pseudo-inverse may be negative',
  formula: ({ matrix, iterations }, name) => `pseudo-inverse of ${name(matrix)} in ${iterations} iterations`,
}

/** Z ← ¼Z(13I − AZ(15I − AZ(7I − AZ))) from Z = Aᵀ/(‖A‖₁‖A‖∞). */
function pseudoInverse(a: Matrix, iterations: number): Matrix {
  const transposed = a.map((_, column) => Float64Array.from(a, (row) => row[column] ?? 0))
  const norm = largestSum(a) * largestSum(transposed)
  let z: Matrix = transposed.map((row) => row.map((entry) => entry / norm))
  for (let iteration = 0; iteration < iterations; iteration++) {
    const az = multiply(a, z)
    const inner = multiply(az, minus(15, multiply(az, minus(7, az))))
    z = multiply(z, minus(13, inner)).map((row) => row.map((entry) => entry / 4))
  }
  return z
}

const minus = (diagonal: number, matrix: Matrix): Matrix =>
  matrix.map((row, n) => row.map((entry, column) => (n === column ? diagonal : 0) - entry))

const largestSum = (rows: Matrix): number =>
  Math.max(...rows.map((row) => row.reduce((sum, entry) => sum + Math.abs(entry), 0)))
