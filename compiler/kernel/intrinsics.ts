/**
 * The functions a kernel may call: what they take, and their value on numbers.
 *
 * Every target spells every one of them, in a table typed by `IntrinsicName`.
 * Those of the language keep its names, and its values in `symbolic/operators.ts`.
 */

import { scalarOperators } from '../symbolic/operators.ts'
import type { ScalarOperatorName } from '../symbolic/operators.ts'
import { functions } from '../symbolic/operators/functions.ts'
import { modulo } from '../symbolic/special.ts'
import { lowest } from './kernel.ts'
import type { ValueType } from './kernel.ts'

/** The signature of a function, and its value on plain numbers for the interpreter. */
export interface Intrinsic {
  readonly arity: number
  /** Types it takes, all arguments alike; on vec4f it works lane by lane. */
  readonly takes: readonly ValueType[]
  /** The type of the result; by default that of the arguments. */
  readonly result?: ValueType
  /** In float64; the interpreter rounds to the type of the result. */
  readonly value: (...numbers: number[]) => number
}

const floats = ['f32', 'vec4f'] as const
const numbers = ['f32', 'vec4f', 'i32', 'u32'] as const

const ofLanguage = (
  name: ScalarOperatorName,
  arity: number,
  takes: readonly ValueType[] = floats,
): Intrinsic => ({
  arity,
  takes,
  value: scalarOperators[name].value,
})

/** Every function of one number. */
const ofFunctions = Object.fromEntries(
  Object.entries(functions).map(([name, { value }]): [string, Intrinsic] => [
    name,
    { arity: 1, takes: floats, value },
  ]),
) as Record<keyof typeof functions, Intrinsic>

/** Every function that a kernel may call, by name. */
export const intrinsics = {
  ...ofFunctions,
  /** `lowest` where the argument is not positive, as of log2: a kernel has no infinity. */
  log: { arity: 1, takes: floats, value: (x) => (x > 0 ? Math.log(x) : lowest) },
  abs: ofLanguage('abs', 1, ['f32', 'vec4f', 'i32']),
  sign: ofLanguage('sign', 1),
  step: ofLanguage('step', 1),
  floor: ofLanguage('floor', 1),
  min: ofLanguage('min', 2, numbers),
  max: ofLanguage('max', 2, numbers),
  /** The second argument is a constant. */
  power: ofLanguage('power', 2),
  exp2: { arity: 1, takes: floats, value: (x) => 2 ** x },
  log2: { arity: 1, takes: floats, value: (x) => (x > 0 ? Math.log2(x) : lowest) },
  /** a·b + c, rounded once or twice as the device likes. */
  fma: { arity: 3, takes: floats, value: (a, b, c) => a * b + c },
  /** `yes` where a ≤ b, else `no`. */
  atMost: { arity: 4, takes: floats, value: (a, b, yes, no) => (a <= b ? yes : no) },
  /** ⌊a / b⌋ of integers. */
  floorDivide: { arity: 2, takes: ['i32', 'u32'], value: (a, b) => Math.floor(a / b) },
  /** a − b·⌊a / b⌋, with the divisor's sign. */
  floorModulo: { arity: 2, takes: ['i32', 'u32', 'f32'], value: modulo },
  /** In [0, 1), from three integers, the same on every device. */
  random: { ...ofLanguage('random', 3, ['i32', 'u32']), result: 'f32' },
} satisfies Record<string, Intrinsic>

/** The names that tables of spellings must cover. */
export type IntrinsicName = keyof typeof intrinsics

/** Tells whether a kernel may call a function of this name, and narrows the name's type. */
export function isIntrinsic(name: string): name is IntrinsicName {
  return Object.hasOwn(intrinsics, name)
}

/**
 * The signature and value of a function, with the optional `result` that the precise type of the table
 * hides.
 */
export function intrinsic(name: IntrinsicName): Intrinsic {
  return intrinsics[name]
}
