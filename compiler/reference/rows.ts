/** Operators that see a whole row, on extended-range numbers. */
import {
  divide,
  exponential,
  extended,
  larger,
  multiply,
  squareRoot,
  subtract,
  toNumber,
} from '../symbolic/extended.ts'
import type { Extended } from '../symbolic/extended.ts'
import { Vector, dot, total } from './vector.ts'

type Value = Extended | Vector

const largest = (a: Vector): Extended => {
  let top = a.at(0)
  for (let index = 1; index < a.size; index++) top = larger(top, a.at(index))
  return top
}

function softmax(a: Vector): Vector {
  const top = largest(a)
  const weights = Vector.from(a.size, (index) => exponential(toNumber(subtract(a.at(index), top))))
  const sum = total(weights)
  return Vector.from(a.size, (index) => divide(weights.at(index), sum))
}

/** Entry t is a[⌊t/p⌋]·b[t mod p], p the size of b. */
const outer = (a: Vector, b: Vector): Vector =>
  Vector.from(a.size * b.size, (t) => multiply(a.at(Math.floor(t / b.size)), b.at(t % b.size)))

const unary: Readonly<Record<string, (a: Vector) => Value>> = {
  sum: total,
  mean: (a) => divide(total(a), extended(a.size)),
  norm: (a) => squareRoot(dot(a, a)),
  maximum: largest,
  softmax,
}

const binary: Readonly<Record<string, (a: Vector, b: Vector) => Value>> = { dot, outer }

/** By the operator's name; absent where the operator's own record will do. */
export function extendedRowFunction(name: string): ((a: Vector, b?: Vector) => Value) | undefined {
  const one = unary[name]
  if (one !== undefined) return one
  const two = binary[name]
  return two && ((a, b = a) => two(a, b))
}
