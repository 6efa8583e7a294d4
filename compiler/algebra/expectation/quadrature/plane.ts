/**
 * Linear forms of a projection row see it through a plane at most, where they are
 * multiples of two rows: dot(w, forms[n]) = z·coordinates[n], with z the part of w
 * in an orthonormal basis of that plane.
 */
import { OutOfReach } from '../ring/value.ts'

/** A vector of the plane in its orthonormal basis. */
export type Coordinates = readonly [number, number]

/** Of a row beside its length, where the rest is rounding. */
const nothing = 1e-12

/** @throws OutOfReach where the forms are independent in more than two directions */
export function coordinatesOf(forms: readonly Float64Array[]): Coordinates[] {
  const basis: Float64Array[] = []
  for (const form of forms) {
    const size = Math.sqrt(dot(form, form))
    // Twice, because the difference of nearly parallel rows is only nearly orthogonal to them.
    const rest = orthogonal(orthogonal(form, basis), basis)
    const left = Math.sqrt(dot(rest, rest))
    if (left <= nothing * size) continue
    if (basis.length === 2) throw new OutOfReach('linear forms of the projection in more than two directions')
    basis.push(rest.map((entry) => entry / left))
  }
  const [first, second] = basis
  return forms.map((form) => [first ? dot(form, first) : 0, second ? dot(form, second) : 0])
}

function orthogonal(row: Float64Array, basis: readonly Float64Array[]): Float64Array {
  let rest = row
  for (const axis of basis) {
    const along = dot(rest, axis)
    rest = rest.map((entry, t) => entry - along * (axis[t] ?? Number.NaN))
  }
  return rest
}

const dot = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, entry, t) => sum + entry * (b[t] ?? Number.NaN), 0)
