// Which key rows a query row sees, by the condition of a checked spec.
import type { MaskModel } from '../../../compiler/semantics/model.ts'
import type { Expression } from '../../../compiler/symbolic/expression.ts'

type Integers = Readonly<Record<'i' | 'j' | 'length', number>>

/** @param keys visible ones, which is what `length` means in a mask */
export function sees(mask: MaskModel, keys: number): (i: number, j: number) => boolean {
  if (mask.kind === 'none') return () => true
  if (mask.kind === 'causal') return (i, j) => j <= i
  return (i, j) => evaluate(mask.condition, { i, j, length: keys }) === 1
}

const truth = (holds: boolean): number => (holds ? 1 : 0)
/** What is no number compares with nothing. */
const compare = (holds: (a: number, b: number) => boolean) => (a: number, b: number) =>
  truth(Number.isFinite(a) && Number.isFinite(b) && holds(a, b))

const operators: Readonly<Record<string, (...numbers: number[]) => number>> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  negate: (a) => -a,
  power: (a, b) => a ** b,
  modulo: (a, b) => a - b * Math.floor(a / b),
  abs: (a) => Math.abs(a),
  floor: (a) => Math.floor(a),
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
  less: (a, b) => compare((x, y) => x < y)(a, b),
  lessEqual: (a, b) => compare((x, y) => x <= y)(a, b),
  greater: (a, b) => compare((x, y) => x > y)(a, b),
  greaterEqual: (a, b) => compare((x, y) => x >= y)(a, b),
  equal: (a, b) => compare((x, y) => x === y)(a, b),
  notEqual: (a, b) => compare((x, y) => x !== y)(a, b),
  and: (a, b) => truth(a === 1 && b === 1),
  or: (a, b) => truth(a === 1 || b === 1),
  not: (a) => truth(a === 0),
  random: (a, b, seed) => hash(a, b, seed),
}

function evaluate(expression: Expression, names: Integers): number {
  if (expression.kind === 'constant') return expression.value
  if (expression.kind === 'variable') return names[expression.name as 'i' | 'j' | 'length']
  if (expression.kind !== 'apply') throw new Error('a checked spec has expressions as they were written')
  const operator = operators[expression.operator]
  if (operator === undefined) throw new Error(`there is no definition of ${expression.operator} in a mask`)
  return operator(...expression.args.map((arg) => evaluate(arg, names)))
}

/** The first word of pcg3d (Jarzynski and Olano 2020), of which 24 bits are kept; in integers without end. */
function hash(...integers: readonly [number, number, number]): number {
  const word = (value: bigint): bigint => BigInt.asUintN(32, value)
  let [x, y, z] = integers.map((value) => word(BigInt(value) * 1664525n + 1013904223n)) as [
    bigint,
    bigint,
    bigint,
  ]
  x = word(x + y * z)
  y = word(y + z * x)
  z = word(z + x * y)
  x ^= x >> 16n
  y ^= y >> 16n
  z ^= z >> 16n
  return Number(word(x + y * z) >> 8n) / 2 ** 24
}
