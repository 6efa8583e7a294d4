/**
 * The intrinsics that targets of text spell alike: by a helper with a formula. A target has rows of its own for those
 * that its language has instructions for.
 */

import { invariant } from '../../diagnostics/invariant.ts'
import type { Value, ValueType } from '../../kernel/kernel.ts'
import { floatText } from '../../kernel/target.ts'
import type { IntrinsicName } from '../../kernel/target.ts'
import { elu, exp, log, log2, sigmoid, silu, softplus } from './exponentials.ts'
import { lanesOf } from './helper.ts'
import type { Helper, Lanes } from './helper.ts'
import { cosh, sinh, tanh } from './hyperbolic.ts'
import {
  floorDivide,
  floorDivideByPower,
  floorModulo,
  floorModuloByPower,
  floorModuloOfFloats,
  random,
} from './integers.ts'
import { erf, gelu } from './normal.ts'
import { power } from './power.ts'
import { atMost, step } from './steps.ts'
import { cos, sin } from './trigonometry.ts'

/** A call as it is written: of what the language has, or of a helper that the text must define. */
export type Spelling = { readonly args: readonly Value[] } & (
  { readonly instruction: string } | { readonly helper: Helper }
)

/** The spelling of an intrinsic for its arguments, of which the first has this type. */
export type Row = (args: readonly Value[], type: ValueType) => Spelling

/** Spelt by a helper of one or four floats. */
export const defined =
  (of: (lanes: Lanes) => Helper): Row =>
  (args, type) => ({ helper: of(lanesOf(type)), args })

/** Spelt by a helper of integers. */
const ofIntegers =
  (of: (type: 'i32' | 'u32') => Helper): Row =>
  (args, type) => {
    invariant(type === 'i32' || type === 'u32', `integers go where ${type} went`)
    return { helper: of(type), args }
  }

/** Spelt by a helper of the two integers or, where the second is a known power of two, by one that needs no division. */
const byInteger =
  (of: (type: 'i32' | 'u32') => Helper, byPower: (type: 'i32' | 'u32', bits: number) => Helper): Row =>
  ([first, second], type) => {
    invariant(first !== undefined && second !== undefined, 'a quotient has two arguments')
    const bits = second.kind === 'number' ? Math.log2(second.value) : undefined
    return bits !== undefined && Number.isInteger(bits) && bits >= 0
      ? ofIntegers((integer) => byPower(integer, bits))([first], type)
      : ofIntegers(of)([first, second], type)
  }

/** max(x, 0), as the target spells `max`. */
export const reluBy =
  (max: Row): Row =>
  ([x], type) => {
    invariant(x !== undefined, 'relu has an argument')
    const zero: Value = { kind: 'number', type: 'f32', value: 0 }
    return max([x, type === 'vec4f' ? { kind: 'splat', value: zero } : zero], type)
  }

/** Rows that are the same whatever the language. */
export const elementaryRows = {
  exp: defined(exp),
  log: defined(log),
  log2: defined(log2),
  step: defined(step),
  atMost: defined(atMost),
  sin: defined(sin),
  cos: defined(cos),
  tanh: defined(tanh),
  sinh: defined(sinh),
  cosh: defined(cosh),
  erf: defined(erf),
  elu: defined(elu),
  gelu: defined(gelu),
  sigmoid: defined(sigmoid),
  silu: defined(silu),
  softplus: defined(softplus),
  power: ([base, exponent], type) => {
    const number = exponent?.kind === 'splat' ? exponent.value : exponent
    invariant(base !== undefined && number?.kind === 'number', 'the exponent of power is a constant')
    return { helper: power(number.value, floatText(number.value), lanesOf(type)), args: [base] }
  },
  floorDivide: byInteger(floorDivide, floorDivideByPower),
  floorModulo: (args, type) =>
    type === 'f32'
      ? { helper: floorModuloOfFloats, args }
      : byInteger(floorModulo, floorModuloByPower)(args, type),
  random: ofIntegers(random),
} satisfies Partial<Record<IntrinsicName, Row>>
