/** The arithmetic of an equation: operations between f32 numbers, counted along its formula. */
import { evaluateSize } from '../../../runtime/contract/size.ts'
import type { Shape } from '../../../runtime/contract/shape.ts'
import type { Extent, Formula, Loop } from '../equation.ts'
import { operations } from '../operations.ts'
import { evaluateCell } from './evaluate.ts'
import { partsOf } from './traverse.ts'

/** Cells along each axis at which loops are counted: loops may be as long as the cell's place says. */
const samples = 5

/**
 * Operations of all cells of an equation. A loop runs as often as it does on average over some cells spread over
 * the box; an operation inside a choice counts as if its branch were taken.
 */
export function countOperations(
  { extent, value }: { readonly extent: Extent; readonly value: Formula },
  shape: Shape,
): number {
  const sizes = extent.map((size) => evaluateSize(size, shape)) as [number, number, number]
  const cells = sizes[0] * sizes[1] * sizes[2]
  const places = Array.from({ length: samples }, (_, sample) =>
    sizes.map((size) => Math.min(size - 1, Math.floor((size * (sample + 0.5)) / samples))),
  ) as [number, number, number][]
  const ofCells = places.map((place) => countCell(value, place, shape))
  return (cells * ofCells.reduce((sum, count) => sum + count, 0)) / samples
}

function countCell(formula: Formula, place: readonly [number, number, number], shape: Shape): number {
  const counted = new Set<object>()
  const visit = (one: Formula): number => {
    const key = one.kind === 'accumulated' ? one.loop : one.kind === 'term' ? one.terms : one
    if (counted.has(key)) return 0
    counted.add(key)
    const parts = (): number => partsOf(one).reduce((sum, part) => sum + visit(part), 0)
    switch (one.kind) {
      case 'apply':
        return (one.type === 'f32' && one.operator !== 'select' ? 1 : 0) + parts()
      case 'accumulated':
        return trips(one.loop) * (one.loop.terms.length + parts())
      case 'term':
        return parts() + one.terms.expressions.reduce((sum, expression) => sum + total(expression), 0)
      default:
        return parts()
    }
  }
  const trips = ({ count }: Loop): number =>
    evaluateCell(count, place, { shape, buffers: () => fullLengths(shape) })
  return visit(formula)
}

/** The numbers of `lengths`, with every batch item of full length. */
const fullLengths = ({ batch, keyLength }: Shape): Float64Array => new Float64Array(batch).fill(keyLength)

function total(expression: Parameters<typeof operations>[0]): number {
  const { left, right, pair } = operations(expression, 'x', 'w')
  return left + right + pair
}
