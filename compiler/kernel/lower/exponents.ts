/**
 * The exponent that a component brings into running scales. Where its
 * coefficient is zero it brings none: a scale raised for nothing would lose the
 * components that are there.
 */
import * as ir from '../build.ts'
import { lowest } from '../kernel.ts'
import type { Value } from '../kernel.ts'
import type { EvaluatedFeatures } from './features.ts'
import { widen } from './operators.ts'

/** The exponent of an item's component as vec4f, `lowest` in each lane whose coefficient is 0. */
export function exponentOf({ exponent, coefficient }: EvaluatedFeatures, item: number): Value {
  const value = widen(exponent(item))
  if (coefficient === undefined) return value
  return unlessZero(value, widen(coefficient(item)))
}

/**
 * The exponent (vec4f), with `lowest` in each lane whose coefficient is 0, because such a component must
 * not raise a running scale.
 */
export function unlessZero(exponent: Value, coefficient: Value): Value {
  const lane = (which: 0 | 1 | 2 | 3): Value =>
    ir.select(ir.eq(ir.lane(coefficient, which), 0), lowest, ir.lane(exponent, which))
  return ir.vec4(lane(0), lane(1), lane(2), lane(3))
}
