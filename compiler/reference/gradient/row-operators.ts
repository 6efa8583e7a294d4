/** How the operators that see a whole row hand a cotangent to their arguments. */
import { invariant } from '../../diagnostics/invariant.ts'
import { divide, extended, multiply, squareRoot, subtract, zero } from '../../symbolic/extended.ts'
import type { Extended } from '../../symbolic/extended.ts'
import type { Value } from '../evaluate.ts'
import { Vector, dot } from '../vector.ts'

/** Cotangents of the arguments, by the cotangent and the value of the result and by the arguments. */
type Pull = (cotangent: Value, args: readonly Vector[], value: Value) => readonly Vector[]

const times = (factor: Extended, row: Vector): Vector =>
  Vector.from(row.size, (index) => multiply(factor, row.at(index)))

const everywhere = (entry: Extended, { size }: Vector): Vector => Vector.from(size, () => entry)

const ofScalar =
  (pull: (cotangent: Extended, a: Vector, b: Vector) => readonly Vector[]): Pull =>
  (cotangent, [a, b = a]) => {
    invariant(!(cotangent instanceof Vector) && a !== undefined && b !== undefined, 'a number has a number')
    return pull(cotangent, a, b)
  }

const ofRow =
  (pull: (cotangent: Vector, args: readonly [Vector, Vector], value: Vector) => readonly Vector[]): Pull =>
  (cotangent, [a, b = a], value) => {
    invariant(cotangent instanceof Vector && value instanceof Vector, 'a row has a row')
    invariant(a !== undefined && b !== undefined, 'a row operator has arguments')
    return pull(cotangent, [a, b], value)
  }

const pulls: Readonly<Record<string, Pull>> = {
  dot: ofScalar((g, a, b) => [times(g, b), times(g, a)]),
  sum: ofScalar((g, a) => [everywhere(g, a)]),
  mean: ofScalar((g, a) => [everywhere(divide(g, extended(a.size)), a)]),
  // A norm has no derivative at zeros; there it hands on nothing.
  norm: ofScalar((g, a) => {
    const size = squareRoot(dot(a, a))
    return [times(size.mantissa === 0 ? zero : divide(g, size), a)]
  }),
  // The first of equal entries is the largest.
  maximum: ofScalar((g, a) => {
    const top = firstLargest(a)
    return [Vector.from(a.size, (index) => (index === top ? g : zero))]
  }),
  softmax: ofRow((g, _, y) => {
    const mean = dot(g, y)
    return [Vector.from(y.size, (index) => multiply(y.at(index), subtract(g.at(index), mean)))]
  }),
  outer: ofRow((g, [a, b]) => [
    Vector.from(a.size, (s) =>
      dot(
        Vector.from(b.size, (t) => g.at(s * b.size + t)),
        b,
      ),
    ),
    Vector.from(b.size, (t) =>
      dot(
        Vector.from(a.size, (s) => g.at(s * b.size + t)),
        a,
      ),
    ),
  ]),
}

function firstLargest(a: Vector): number {
  let top = 0
  for (let index = 1; index < a.size; index++) if (subtract(a.at(index), a.at(top)).mantissa > 0) top = index
  return top
}

/** By the operator's name; absent for operators on numbers. */
export const rowPull = (operator: string): Pull | undefined => pulls[operator]
