/**
 * The float64 meaning of an equation: its formula for each cell of its box, from
 * the numbers of its buffers. Kernels and templates are held to it.
 */
import { evaluateSize } from '../../../runtime/contract/size.ts'
import type { Shape } from '../../../runtime/contract/shape.ts'
import type { EquationPass, Formula } from '../equation.ts'
import type { Buffers } from './script-lines.ts'
import { scriptOf } from './script.ts'

/** Computes every cell of the box, then writes them: in their order, or each to its place. */
export function evaluateEquation(
  { extent, value, out, place }: Pick<EquationPass, 'extent' | 'value' | 'out' | 'place'>,
  shape: Shape,
  buffers: Buffers,
): void {
  const [width, height, depth] = extent.map((size) => evaluateSize(size, shape)) as [number, number, number]
  const number = scriptOf(value)(shape, buffers)
  const placeOf = place && scriptOf(place)(shape, buffers)
  const numbers = new Float64Array(width * height * depth)
  const places = placeOf && new Float64Array(numbers.length)
  let at = 0
  for (let z = 0; z < depth; z++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        numbers[at] = number(x, y, z)
        if (places) places[at] = placeOf(x, y, z)
        at++
      }
  const written = buffers(out)
  for (const [cell, one] of numbers.entries()) written[places?.[cell] ?? cell] = one
}

/** The sizes of the call and the numbers of its buffers, which a formula reads. */
export interface Surroundings {
  readonly shape: Shape
  readonly buffers: Buffers
}

/** The value of a formula in the cell (x, y, z); a bool is 0 or 1. */
export const evaluateCell = (
  formula: Formula,
  [x, y, z]: readonly [number, number, number],
  { shape, buffers }: Surroundings,
): number => scriptOf(formula)(shape, buffers)(x, y, z)
