/** Small square matrices of values. */
import { add, multiply, one, scale, subtract, zero } from './ring/arithmetic.ts'
import type { Value } from './ring/value.ts'

/** Rows of entries. */
export type Matrix = readonly (readonly Value[])[]

/** a·b. */
export const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => (b[0] ?? []).map((_, j) => add(...row.map((left, n) => multiply(left, at(b, n, j))))))

/** Entry (i, j); 0 beyond the matrix. */
export const at = (matrix: Matrix, i: number, j: number): Value => matrix[i]?.[j] ?? zero

/** 1 − a. */
export const fromIdentity = (a: Matrix): Matrix =>
  a.map((row, i) => row.map((value, j) => subtract(i === j ? one : zero, value)))

/** By minors along the first row; of the empty matrix it is 1. */
export function determinant(matrix: Matrix): Value {
  const [first, ...below] = matrix
  if (first === undefined) return one
  return add(
    ...first.map((value, j) =>
      scale(multiply(value, determinant(below.map((row) => without(row, j)))), j % 2 === 0 ? 1 : -1),
    ),
  )
}

/** The transposed matrix of cofactors: the inverse times the determinant. */
export function adjugate(matrix: Matrix): Matrix {
  return matrix.map((_, i) =>
    matrix.map((__, j) => {
      const minor = without(matrix, j).map((row) => without(row, i))
      return scale(determinant(minor), (i + j) % 2 === 0 ? 1 : -1)
    }),
  )
}

const without = <T>(items: readonly T[], at: number): readonly T[] => items.filter((_, n) => n !== at)
