/** Instructions of WebAssembly by the operators and functions of the IR and of formulas. */

import type { BinaryOperator } from '../../../kernel/kernel.ts'

/** What operations tell apart; a mask is four lanes of all bits or none, the result of a comparison of vectors. */
export type Kind = 'f32' | 'i32' | 'u32' | 'bool' | 'vec4f' | 'vec4i' | 'vec4u' | 'mask'

/** The type of WebAssembly that holds a value. */
export const machineType = (kind: Kind): 'f32' | 'i32' | 'v128' =>
  kind === 'f32' ? 'f32' : isVector(kind) ? 'v128' : 'i32'

/** Whether the value has four lanes. */
export const isVector = (kind: Kind): boolean => kind.startsWith('vec4') || kind === 'mask'

/** Names of operations on floats and on lanes of them. */
const floats: Readonly<Record<string, string>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '==': 'eq',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
}

const integers: Readonly<Record<string, string>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '==': 'eq',
  '!=': 'ne',
  '&': 'and',
  '&&': 'and',
  '|': 'or',
  '||': 'or',
  '^': 'xor',
  '<<': 'shl',
}

/** Those that ask whether an integer has a sign. */
const signed: Readonly<Record<string, string>> = {
  '/': 'div',
  '%': 'rem',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
  '>>': 'shr',
}

/** The instruction of a binary operator on two values of one kind; undefined where WebAssembly has none. */
export function instruction(
  operator: BinaryOperator | '&' | '|' | '^' | '<<' | '>>',
  kind: Kind,
): string | undefined {
  const whole = { '&': 'and', '|': 'or', '^': 'xor', '&&': 'and', '||': 'or' } as const
  if (isVector(kind) && operator in whole) return `v128.${whole[operator as keyof typeof whole]}`
  const prefix = kind === 'vec4f' ? 'f32x4' : isVector(kind) ? 'i32x4' : machineType(kind)
  if (kind === 'f32' || kind === 'vec4f') return named(prefix, floats[operator])
  const withSign = signed[operator]
  if (withSign !== undefined) return `${prefix}.${withSign}_${kind === 'i32' || kind === 'vec4i' ? 's' : 'u'}`
  return named(prefix, integers[operator])
}

const named = (prefix: string, name: string | undefined): string | undefined =>
  name === undefined ? undefined : `${prefix}.${name}`

/** Functions of floats that are instructions; of two numbers, `pmin` and `pmax` are a single one of most processors. */
export const floatFunctions = {
  abs: { scalar: 'f32.abs', vector: 'f32x4.abs' },
  sqrt: { scalar: 'f32.sqrt', vector: 'f32x4.sqrt' },
  floor: { scalar: 'f32.floor', vector: 'f32x4.floor' },
  round: { scalar: 'f32.nearest', vector: 'f32x4.nearest' },
  min: { scalar: 'f32.min', vector: 'f32x4.pmin' },
  max: { scalar: 'f32.max', vector: 'f32x4.pmax' },
} as const

/** The instruction that makes one kind of scalar of another, or lanes of other lanes; nothing where the bits are the same. */
export const conversions: Readonly<Record<string, string>> = {
  'f32 of i32': 'f32.convert_i32_s',
  'f32 of u32': 'f32.convert_i32_u',
  'f32 of bool': 'f32.convert_i32_u',
  'i32 of f32': 'i32.trunc_sat_f32_s',
  'u32 of f32': 'i32.trunc_sat_f32_u',
  'vec4f of f32': 'f32x4.splat',
  'vec4i of i32': 'i32x4.splat',
  'vec4u of u32': 'i32x4.splat',
  'vec4f of vec4i': 'f32x4.convert_i32x4_s',
  'vec4f of vec4u': 'f32x4.convert_i32x4_u',
  // Beyond integers it is whatever the processor makes of it, which no formula asks for.
  'vec4i of vec4f': 'i32x4.relaxed_trunc_f32x4_s',
  'vec4u of vec4f': 'i32x4.trunc_sat_f32x4_u',
}
