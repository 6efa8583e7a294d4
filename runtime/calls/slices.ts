/**
 * How a call is cut so that its scratch fits, told before any buffer is made. Groups (`Form.groups`) share no scratch,
 * so the slices of a call run one after the other in the same scratch.
 */
import type { CallSizes } from '../arguments/sizes.ts'
import type { Form } from '../program.ts'
import type { Shape } from '../contract/shape.ts'

/**
 * The shapes of a call's slices, in order; at least one.
 *
 * @param whole the call as one slice
 * @param fits whether the scratch of a slice does; a slice of one group is taken in any case
 */
export function slicesOf(whole: Shape, fits: (shape: Shape) => boolean, form?: Form): readonly Shape[] {
  const unit = form ? groupsTogether(form, whole) : 1
  const groups = whole.sliceCount / unit
  if (groups < 2 || fits(whole)) return [whole]
  const shapeOf = (sliceStart: number, sliceCount: number): Shape => ({
    ...whole,
    sliceStart: sliceStart * unit,
    sliceCount: sliceCount * unit,
  })
  let slices = 2
  while (slices < groups && !fits(shapeOf(0, Math.ceil(groups / slices)))) slices++
  const count = Math.ceil(groups / slices)
  return Array.from({ length: Math.ceil(groups / count) }, (_, slice) =>
    shapeOf(slice * count, Math.min(count, groups - slice * count)),
  )
}

/** Groups that are never in different slices. */
export const groupsTogether = (
  { groups, together }: Form,
  { heads, kvHeads }: Pick<CallSizes, 'heads' | 'kvHeads'>,
): number => (together && groups === 'heads' ? heads / kvHeads : 1)

/** A call as one slice. */
export function wholeCall(form: Form, sizes: CallSizes): Shape {
  // Field by field: steps of decoding are many and short.
  const { batch, heads, kvHeads, length, keyLength, offset, capacity, inside } = sizes
  const sliceCount = batch * sizes[form.groups]
  const shape = {
    batch,
    heads,
    kvHeads,
    length,
    keyLength,
    chunks: 1,
    offset,
    capacity,
    sliceStart: 0,
    sliceCount,
    inside,
  }
  shape.chunks = form.chunks(shape)
  return shape
}
