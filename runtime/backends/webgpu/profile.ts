/** What each dispatch of a call takes on the device; loaded when it is asked for. */
import { checkCall } from '../../arguments/call.ts'
import type { DispatchTime } from '../../attention.ts'
import { AttentionError } from '../../errors.ts'
import { COPY_SRC, QUERY_RESOLVE } from './constants.ts'
import type { Parts } from './parts.ts'
import { dispatch } from './record.ts'
import type { Step } from './record.ts'

/** Of the forward form, slice by slice. */
export async function profile(
  { program, session, engine }: Parts,
  call: unknown,
): Promise<readonly DispatchTime[]> {
  session.assertUsable()
  const inputs = checkCall(program, 'profile', call)
  const { name, device } = session
  if (!device.features.has('timestamp-query')) {
    throw new AttentionError('backend', `${name}.profile needs a device with the feature timestamp-query.`)
  }
  const slices = engine.slices('forward', inputs.sizes)
  return session.run(async () => {
    const { steps } = engine.begin(engine.form('forward'), slices, inputs)
    const encoder = engine.encoder('forward')
    const timed = recordTimed(device, encoder, engine.label('forward'), steps)
    const [piece] = await engine
      .readBack(encoder, [timed.times], [timed.times.size])
      .finally(() => timed.destroy())
    const stamps = new BigUint64Array(piece ?? new ArrayBuffer(0))
    return steps.map(({ kernel }, index) => ({
      kernel,
      nanoseconds: Number((stamps[index * 2 + 1] ?? 0n) - (stamps[index * 2] ?? 0n)),
    }))
  })
}

/** A pass per step, with its start and end in nanoseconds as u64 pairs in the buffer that is returned. */
function recordTimed(
  device: GPUDevice,
  encoder: GPUCommandEncoder,
  label: string,
  steps: readonly Step[],
): { readonly times: GPUBuffer; destroy(): void } {
  const count = steps.length * 2
  const querySet = device.createQuerySet({ label, type: 'timestamp', count })
  const times = device.createBuffer({
    label: `${label} times`,
    size: count * 8,
    usage: QUERY_RESOLVE | COPY_SRC,
  })
  steps.forEach((step, index) => {
    const timestampWrites = {
      querySet,
      beginningOfPassWriteIndex: index * 2,
      endOfPassWriteIndex: index * 2 + 1,
    }
    const pass = encoder.beginComputePass({ label, timestampWrites })
    dispatch(pass, step)
    pass.end()
  })
  encoder.resolveQuerySet(querySet, 0, count, times, 0)
  const destroy = (): void => {
    querySet.destroy()
    times.destroy()
  }
  return { times, destroy }
}
