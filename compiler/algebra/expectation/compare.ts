/**
 * Whether two values are the same function.
 *
 * They are *equal* where, term by term, their constants agree to 1e-6: what is
 * left of each term of the difference is that small beside what it was added up
 * from. So 0.70710678 may be typed for 1/sqrt(2), and a term that only one side
 * has is a difference however small its constant is. They are *rounded* where
 * the constants agree to 5e-4 alone, as if typed with three or four digits.
 */
import { add, atomic, multiply, scale, wholePower } from './ring/arithmetic.ts'
import { type Complex, plus, size } from './ring/complex.ts'
import type { GroupAtom, Term, Value } from './ring/value.ts'

/** How alike two values are, by the digits to which their constants agree. */
export type Likeness = 'equal' | 'rounded' | 'different'

const tolerances = { equal: 1e-6, rounded: 5e-4 } as const

/** Compares two values term by term. */
export function likeness(a: Value, b: Value): Likeness {
  const [left, right] = withoutQuotients(a, b)
  const difference = [...left, ...scale(right, -1)]
  if (vanishes(difference, tolerances.equal)) return 'equal'
  return vanishes(difference, tolerances.rounded) ? 'rounded' : 'different'
}

interface Cluster {
  readonly product: string
  readonly exponent: Value
  sum: Complex
  weight: number
}

/** Terms need not have different keys; those whose exponents agree count as one. */
function vanishes(terms: readonly Term[], tolerance: number): boolean {
  const clusters: Cluster[] = []
  for (const { coefficient, weight, factors, exponent } of terms) {
    const product = factors.map(({ atom, power }) => `${atom.key}^${Number(power.toPrecision(10))}`).join('*')
    const cluster = clusters.find(
      (each) => each.product === product && vanishes([...each.exponent, ...scale(exponent, -1)], tolerance),
    )
    if (cluster === undefined) clusters.push({ product, exponent, sum: coefficient, weight })
    else {
      cluster.sum = plus(cluster.sum, coefficient)
      cluster.weight += weight
    }
  }
  return clusters.every(({ sum, weight }) => size(sum) <= (tolerance * weight) / 2)
}

interface Divisor {
  readonly atom: GroupAtom
  readonly power: number
}

/** Both sides multiplied by what they divide by. */
function withoutQuotients(a: Value, b: Value): readonly [Value, Value] {
  const divisors = new Map<string, Divisor>()
  for (const { atom, power } of [...a, ...b].flatMap(({ factors }) => factors)) {
    if (atom.kind !== 'group' || power > 0) continue
    const known = divisors.get(atom.key)
    divisors.set(atom.key, { atom, power: Math.max(-power, known?.power ?? 0) })
  }
  return [cleared(a, [...divisors.values()]), cleared(b, [...divisors.values()])]
}

const cleared = (value: Value, divisors: readonly Divisor[]): Value =>
  divisors.reduce<Value>((rest, divisor) => add(...rest.map((part) => clearedTerm(part, divisor))), value)

/** A term times the divisor, with the whole powers of the divisor's group multiplied out. */
function clearedTerm(part: Term, { atom, power }: Divisor): Value {
  const own = part.factors.find((factor) => factor.atom.key === atom.key)?.power ?? 0
  const left = own + power
  const whole = Math.floor(left + 1e-9)
  return multiply([part], atomic(atom, left - whole - own), wholePower(atom.body, whole))
}
