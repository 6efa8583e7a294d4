/** How a call is cut so that its buffers fit the device. */
import type { CallSizes } from '../../arguments/sizes.ts'
import { slicesOf, wholeCall } from '../../calls/slices.ts'
import { AttentionError } from '../../errors.ts'
import type { Form } from '../../program.ts'
import type { Shape } from '../../contract/shape.ts'

/** No more for one scratch buffer, even where the device would allow it. */
const SCRATCH_BYTES = 2 ** 28

const limits = ['maxStorageBufferBindingSize', 'maxBufferSize'] as const

/** The shapes of a call's slices, in order; at least one. */
export function sliceCall(device: GPUDevice, where: string, form: Form, sizes: CallSizes): readonly Shape[] {
  const whole = wholeCall(form, sizes)
  checkLimits(device, where, form, { ...whole, sliceCount: 1 })
  const scratch = form.buffers.filter(({ role }) => role === 'scratch')
  const most = Math.min(SCRATCH_BYTES, ...limits.map((limit) => device.limits[limit]))
  return slicesOf(whole, (shape) => scratch.every(({ size }) => size(shape) * 4 <= most), form)
}

function checkLimits(device: GPUDevice, where: string, form: Form, shape: Shape): void {
  for (const { name, role, size } of form.buffers) {
    const need = size(shape) * 4
    for (const limit of limits) {
      const have = device.limits[limit]
      if (need > have) {
        throw new AttentionError(
          'limit',
          `${where}: the ${role} buffer ${name} needs ${mebibytes(need)}; this device allows ${mebibytes(have)} ` +
            `(${limit}). Try fewer batch items or heads per call, a shorter length, or a device that was ` +
            'requested with a higher limit.',
        )
      }
    }
  }
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toPrecision(4)} MiB`
