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
 * @param fits whether the scratch of a slice does; a slice of one group is taken in any case
 */
export function slicesOf(form: Form, sizes: CallSizes, fits: (shape: Shape) => boolean): readonly Shape[] {
  const whole = wholeCall(form, sizes)
  const groups = whole.sliceCount
  const shapeOf = (sliceStart: number, sliceCount: number): Shape => ({ ...whole, sliceStart, sliceCount })
  let slices = 1
  while (slices < groups && !fits(shapeOf(0, Math.ceil(groups / slices)))) slices++
  if (slices === 1) return [whole]
  const count = Math.ceil(groups / slices)
  return Array.from({ length: Math.ceil(groups / count) }, (_, slice) =>
    shapeOf(slice * count, Math.min(count, groups - slice * count)),
  )
}

/** A call as one slice. */
export function wholeCall(form: Form, sizes: CallSizes): Shape {
  const sliceCount = sizes.batch * sizes[form.groups]
  const shape = { ...sizes, chunks: 1, sliceStart: 0, sliceCount }
  return { ...shape, chunks: form.chunks(shape) }
}
