/** How WAT spells each intrinsic: one row per name, and a missing row does not compile. */

import { invariant } from '../../diagnostics/invariant.ts'
import type { Value, ValueType } from '../../kernel/kernel.ts'
import { floatText } from '../../kernel/target.ts'
import type { IntrinsicName } from '../../kernel/target.ts'
import { elu, exp, log, log2, sigmoid, silu, softplus } from '../elementary/exponentials.ts'
import { lanesOf } from '../elementary/helper.ts'
import type { Helper, Lanes } from '../elementary/helper.ts'
import { cosh, sinh, tanh } from '../elementary/hyperbolic.ts'
import { floorDivide, floorModulo, floorModuloOfFloats } from '../elementary/integers.ts'
import { erf, gelu } from '../elementary/normal.ts'
import { power } from '../elementary/power.ts'
import { step } from '../elementary/steps.ts'
import { cos, sin } from '../elementary/trigonometry.ts'
import { exp2, greater, lesser, random, sign, size } from './wat/elementary.ts'
import { floatFunctions } from './wat/instructions.ts'

/** A call as it is written: of an instruction, or of a helper that the text must define. */
export type Spelling = { readonly args: readonly Value[] } & (
  { readonly instruction: string } | { readonly helper: Helper }
)

type Row = (args: readonly Value[], type: ValueType) => Spelling

const builtin =
  (name: keyof typeof floatFunctions, otherwise?: (type: 'i32' | 'u32') => Helper): Row =>
  (args, type) => {
    if (type === 'i32' || type === 'u32') {
      invariant(otherwise !== undefined, `${name} takes no integers`)
      return { helper: otherwise(type), args }
    }
    return { instruction: floatFunctions[name][type === 'vec4f' ? 'vector' : 'scalar'], args }
  }

const defined =
  (of: (lanes: Lanes) => Helper): Row =>
  (args, type) => ({ helper: of(lanesOf(type)), args })

const ofIntegers =
  (of: (type: 'i32' | 'u32') => Helper): Row =>
  (args, type) => {
    invariant(type === 'i32' || type === 'u32', `integers go where ${type} went`)
    return { helper: of(type), args }
  }

/** The spelling of each intrinsic, for scalars and for vectors. */
export const watOperators: Record<IntrinsicName, Row> = {
  exp: defined(exp),
  log: defined(log),
  exp2: defined(exp2),
  log2: defined(log2),
  sqrt: builtin('sqrt'),
  abs: builtin('abs', size),
  sign: defined(sign),
  step: defined(step),
  floor: builtin('floor'),
  min: builtin('min', lesser),
  max: builtin('max', greater),
  sin: defined(sin),
  cos: defined(cos),
  tanh: defined(tanh),
  sinh: defined(sinh),
  cosh: defined(cosh),
  erf: defined(erf),
  relu: ([x], type) => {
    invariant(x !== undefined, 'relu has an argument')
    const zero: Value = { kind: 'number', type: 'f32', value: 0 }
    return builtin('max')([x, type === 'vec4f' ? { kind: 'splat', value: zero } : zero], type)
  },
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
  fma: ([a, b, c], type) => {
    invariant(a !== undefined && b !== undefined && c !== undefined, 'fma has three arguments')
    if (type === 'vec4f') return { instruction: 'f32x4.relaxed_madd', args: [a, b, c] }
    return { instruction: 'f32.add', args: [c, { kind: 'binary', operator: '*', left: a, right: b }] }
  },
  floorDivide: ofIntegers(floorDivide),
  floorModulo: (args, type) =>
    type === 'f32' ? { helper: floorModuloOfFloats, args } : ofIntegers(floorModulo)(args, type),
  random: ofIntegers(random),
}
