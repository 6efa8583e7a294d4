// Every record states how its operator grows, and the forms that it states are the operator.
import { describe, expect, test } from 'vitest'
import { constant, variable } from '../../compiler/symbolic/build.ts'
import { environmentOf, evaluateScalar } from '../../compiler/symbolic/evaluate.ts'
import type { Expression } from '../../compiler/symbolic/expression.ts'
import { exactSum } from '../../compiler/symbolic/identities.ts'
import { everything, isBounded } from '../../compiler/symbolic/interval.ts'
import { scalarOperators } from '../../compiler/symbolic/operators.ts'
import type { ScalarOperator } from '../../compiler/symbolic/operators.ts'
import { homogeneous } from '../../compiler/symbolic/operators/growth.ts'
import type { Growth, GrowthTerm, Tail } from '../../compiler/symbolic/operators/growth.ts'
import { near } from './samples.ts'

type Values = Readonly<Record<string, number>>
type OfKind<Kind extends Growth['kind']> = Extract<Growth, { kind: Kind }>

const records = Object.entries<ScalarOperator>(scalarOperators)
const a = variable('a')
const b = variable('b')
const points = [-3, -0.7, -1e-3, 0.02, 0.9, 4]
/** The exponent of the power that is tried. */
const exponent = 2.5

const at = (expression: Expression, values: Values): number =>
  evaluateScalar(expression, environmentOf(values))

/** "found, not expected" wherever the two differ; a point where the operator has no value is passed over. */
const differences = (pairs: readonly (readonly [number, number])[]): string[] =>
  pairs
    .filter(([found, expected]) => !Number.isNaN(expected) && !near(expected, 1e-10)(found))
    .map(([found, expected]) => `${found}, not ${expected}`)

const homogeneousPairs = (
  { degree }: OfKind<'homogeneous'>,
  value: ScalarOperator['value'],
): [number, number][] =>
  points.map((v) => [value(3 * v, exponent), 3 ** degree(constant(exponent)) * value(v, exponent)])

const exponentialPairs = (
  { split }: OfKind<'exponential'>,
  value: ScalarOperator['value'],
): [number, number][] => {
  const parts = split(a)
  return points.map((x) => [
    at(parts.coefficient, { a: x }) * Math.exp(at(parts.exponent, { a: x })),
    value(x),
  ])
}

const powerPairs = ({ terms }: OfKind<'power'>, value: ScalarOperator['value']): [number, number][] => {
  const parts = terms({ whole: a, coefficient: variable('c'), exponent: variable('e') })
  const valueOf = (term: GrowthTerm, values: Values): number => {
    if ('unsplit' in term) return at(term.unsplit, values)
    return (
      at(term.coefficient, values) * (term.exponent === undefined ? 1 : Math.exp(at(term.exponent, values)))
    )
  }
  return points.flatMap((c) =>
    [-2, 0, 1.5].map((e): [number, number] => {
      const whole = c * Math.exp(e)
      return [parts.reduce((sum, part) => sum + valueOf(part, { a: whole, c, e }), 0), value(whole)]
    }),
  )
}

/** Against the value from near 0 to where that is no double any more but by its logarithm. */
const tailPairs = (tail: Tail, value: ScalarOperator['value']): [number, number][] => {
  const parts = tail(a)
  return [...points, -39, -41, -300].map((x) => [
    at(parts.coefficient, { a: x }) * Math.exp(at(parts.exponent, { a: x })),
    value(x),
  ])
}

function pairsOf({ growth, value }: ScalarOperator): readonly (readonly [number, number])[] {
  const tail = 'tail' in growth && growth.tail !== undefined ? tailPairs(growth.tail, value) : []
  return [...tail, ...withoutTail({ growth, value })]
}

function withoutTail({
  growth,
  value,
}: Pick<ScalarOperator, 'growth' | 'value'>): readonly (readonly [number, number])[] {
  if (growth.kind === 'homogeneous') return homogeneousPairs(growth, value)
  if (growth.kind === 'exponential') return exponentialPairs(growth, value)
  return growth.kind === 'power' ? powerPairs(growth, value) : []
}

/** Sizes at ±10⁴ of what may grow as a power there. */
function sizesFarOut({ growth, value }: ScalarOperator): number[] {
  const far = [-1e4, 1e4]
  if (growth.kind === 'power') return far.map((x) => Math.abs(value(x)))
  if (growth.kind !== 'exponential') return []
  const { coefficient } = growth.split(a)
  return far.map((x) => Math.abs(at(coefficient, { a: x })))
}

describe('growth', () => {
  test('a record that does not state it is no operator, nor is one that grows without an extended value', () => {
    const { type, value, range } = scalarOperators.exp
    // @ts-expect-error growth is missing
    const unstated: ScalarOperator = { type, value, range }
    // @ts-expect-error extended is missing
    const overflowing: ScalarOperator = { type, value, range, growth: homogeneous(1) }
    expect([unstated, overflowing]).toHaveLength(2)
  })

  test.each(records.filter(([, { growth }]) => growth.kind !== 'mask only'))(
    '%s is called bounded if it is, and in no other case',
    (_, { growth, range }) => {
      const stated = growth.kind === 'bounded' || (growth.kind === 'homogeneous' && growth.degree() === 0)
      // A range ignores arguments that its operator does not take.
      expect(isBounded(range(everything, everything))).toBe(stated)
    },
  )

  test.each(records)('%s has the form that it states', (_, record) => {
    expect(differences(pairsOf(record))).toEqual([])
  })

  test.each(records)('%s leaves only powers outside of its exponent', (_, record) => {
    expect(sizesFarOut(record).filter((size) => size > 1e20)).toEqual([])
  })
})

test.each(records.filter(([, { identity }]) => identity !== undefined))(
  '%s is its identity',
  (_, { identity, value }) => {
    const whole = identity!(a, b)
    const pairs = points.flatMap((x) =>
      points.map((y): [number, number] => [at(whole, { a: x, b: y }), value(x, y)]),
    )
    expect(differences(pairs)).toEqual([])
  },
)

test.each(['elu', 'tanh'] as const)('%s plus one keeps its digits', (name) => {
  const exact = exactSum(name, [a])
  expect(exact?.constant).toBe(1)
  const { value } = scalarOperators[name]
  expect(differences(points.map((x) => [at(exact!.sum, { a: x }), value(x) + 1]))).toEqual([])
  const expected = name === 'elu' ? Math.exp(-40) : 2 * Math.exp(-80)
  expect(at(exact!.sum, { a: -40 }) / expected).toBeCloseTo(1, 14)
})
