/** Arithmetic that kernels of cells have in common. */
import * as ir from '../build.ts'
import { lowest } from '../kernel.ts'
import type { Value } from '../kernel.ts'

/** An exponent up to here, however much has been added to it, is that of nothing. */
const hidden = lowest / 2
/** Beyond this an exponential is not finite in f32. */
const largestExponent = 88

/** exp(exponent − scale), at most 1, and 0 where there is no exponent. Both are evaluated more than once. */
export const powerOf = (exponent: Value, scale: Value): Value =>
  ir.select(ir.gt(exponent, hidden), ir.call('exp', ir.call('min', ir.sub(exponent, scale), 0)), 0)

/** exp(exponent) as far as it is finite. */
export const finitePower = (exponent: Value): Value =>
  ir.call('exp', ir.call('min', exponent, largestExponent))

/** The exponent, or none where the coefficient is 0: a scale raised for nothing would lose what is there. */
export const unlessZero = (exponent: Value, coefficient: Value | undefined): Value =>
  coefficient === undefined ? exponent : ir.select(ir.eq(coefficient, 0), lowest, exponent)

/** 1 over a denominator, or 0 over nothing. */
export function inverse(denominator: Value): Value {
  const nothing = ir.eq(denominator, 0)
  return ir.select(nothing, 0, ir.div(ir.f32(1), ir.select(nothing, 1, denominator)))
}

/** How many of `count` steps from `start` lie before `end`: u32, without going below 0. */
export const before = (start: Value, end: Value, count: number): Value =>
  ir.call('min', ir.sub(ir.call('max', end, start), start), count)
