/** How WGSL spells each intrinsic: one row per name, and a missing row does not compile. */

import { invariant } from '../../diagnostics/invariant.ts'
import type { Value, ValueType } from '../../kernel/kernel.ts'
import { floatText } from '../../kernel/target.ts'
import type { IntrinsicName } from '../../kernel/target.ts'
import { elu, exp, log, log2, sigmoid, silu, softplus } from '../elementary/exponentials.ts'
import { lanesOf } from '../elementary/helper.ts'
import type { Helper, Lanes } from '../elementary/helper.ts'
import { step } from '../elementary/steps.ts'
import { cosh, sinh, tanh } from '../elementary/hyperbolic.ts'
import { floorDivide, floorModulo, floorModuloOfFloats } from '../elementary/integers.ts'
import { erf, gelu } from '../elementary/normal.ts'
import { power } from '../elementary/power.ts'
import { cos, sin } from '../elementary/trigonometry.ts'
import { random } from './wgsl/random.ts'

/** A call as it is written: of a built-in function, or of a helper that the text must define. */
export interface Spelling {
  readonly callee: string
  readonly args: readonly Value[]
  readonly helper?: Helper
}

type Row = (args: readonly Value[], type: ValueType) => Spelling

const builtin =
  (callee: string): Row =>
  (args) => ({ callee, args })

const called = (helper: Helper, args: readonly Value[]): Spelling => ({ callee: helper.name, args, helper })

const defined =
  (of: (lanes: Lanes) => Helper): Row =>
  (args, type) =>
    called(of(lanesOf(type)), args)

const ofIntegers =
  (of: (type: 'i32' | 'u32') => Helper): Row =>
  (args, type) => {
    invariant(type === 'i32' || type === 'u32', `integers go where ${type} went`)
    return called(of(type), args)
  }

/** The spelling of each intrinsic, for scalars and for vectors. */
export const wgslOperators: Record<IntrinsicName, Row> = {
  exp: defined(exp),
  log: defined(log),
  exp2: builtin('exp2'),
  log2: defined(log2),
  sqrt: builtin('sqrt'),
  abs: builtin('abs'),
  sign: builtin('sign'),
  step: defined(step),
  floor: builtin('floor'),
  min: builtin('min'),
  max: builtin('max'),
  sin: defined(sin),
  cos: defined(cos),
  tanh: defined(tanh),
  sinh: defined(sinh),
  cosh: defined(cosh),
  erf: defined(erf),
  relu: ([x], type) => {
    invariant(x !== undefined, 'relu has an argument')
    const zero: Value = { kind: 'number', type: 'f32', value: 0 }
    return { callee: 'max', args: [x, type === 'vec4f' ? { kind: 'splat', value: zero } : zero] }
  },
  elu: defined(elu),
  gelu: defined(gelu),
  sigmoid: defined(sigmoid),
  silu: defined(silu),
  softplus: defined(softplus),
  power: ([base, exponent], type) => {
    const number = exponent?.kind === 'splat' ? exponent.value : exponent
    invariant(base !== undefined && number?.kind === 'number', 'the exponent of power is a constant')
    return called(power(number.value, floatText(number.value), lanesOf(type)), [base])
  },
  fma: builtin('fma'),
  floorDivide: ofIntegers(floorDivide),
  floorModulo: (args, type) =>
    type === 'f32' ? called(floorModuloOfFloats, args) : ofIntegers(floorModulo)(args, type),
  random: ofIntegers(random),
}
