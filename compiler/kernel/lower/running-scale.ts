/**
 * Sums of a · 2^e whose exponents e may be of any size are kept as mantissas over a running scale, the largest
 * exponent so far (log₂): where it grows, what is summed shrinks by the same power (Milakov and Gimelshein, Online
 * normalizer calculation for softmax, 2018). No power of two is taken of a positive number.
 */
import * as ir from '../build.ts'
import type { Author } from '../author.ts'
import type { Target, Value } from '../kernel.ts'
import { nth } from './tile.ts'

/** The larger of a scale and an exponent. */
export const raised = (scale: Value, exponent: Value): Value => ir.call('max', scale, exponent)

/** 2^(exponent − scale): a term of this exponent, or a sum of this scale, as `scale` measures it. */
export const relativeTo = (scale: Value, exponent: Value): Value => ir.call('exp2', ir.sub(exponent, scale))

/** A running scale and the sums that it measures, all of one type. */
export interface RunningScale {
  readonly scale: Target
  readonly sums: readonly Target[]
  /** Names of the scale before it is raised, and of what the sums shrink by. */
  readonly names?: { readonly before: string; readonly shrink: string }
}

/** Takes exponents into a running scale, as `takeIn` gives them to `raise`, and shrinks what has been summed. */
export function raiseScale(
  k: Author,
  scale: RunningScale,
  takeIn: (raise: (exponent: Value) => void) => void,
): void {
  raiseScales(k, [scale], (raise) => takeIn((exponent) => raise(0, exponent)))
}

/** The same for several scales whose exponents come together; `raise` is told which of them one is for. */
export function raiseScales(
  k: Author,
  scales: readonly RunningScale[],
  takeIn: (raise: (which: number, exponent: Value) => void) => void,
): void {
  const befores = scales.map(({ scale, names = usualNames }) => k.let(names.before, scale))
  takeIn((which, exponent) => {
    const { scale } = nth(scales, which)
    k.set(scale, raised(scale, exponent))
  })
  for (const [which, { scale, sums, names = usualNames }] of scales.entries()) {
    const shrink = k.let(names.shrink, relativeTo(scale, nth(befores, which)))
    for (const sum of sums) k.multiply(sum, shrink)
  }
}

const usualNames = { before: 'scaleSoFar', shrink: 'shrink' }
