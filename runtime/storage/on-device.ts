/** An attention on tensors of f16 in buffers of a device, with the feature shader-f16 or without it. */
import type { Attention, CreateOptions } from '../attention.ts'
import type { Open, OpenOn } from '../backends/backend.ts'
import { compiledFor } from '../backends/others.ts'
import { Session } from '../backends/webgpu/session.ts'
import { wholeProgram } from '../calls/whole-program.ts'
import type { TargetName } from '../contract/backends.ts'
import type { Program } from '../program.ts'
import { decodingOf } from './decoding.ts'
import { HalfAttention } from './half-attention.ts'
import { HalfBuffers } from './half-buffers.ts'
import { halfProgram } from './half-program.ts'

/** Options that say where an attention runs. */
interface Placed extends CreateOptions {
  readonly device: GPUDevice
  readonly backend: TargetName
}

/** @param owned whether the device goes with the attention */
export async function openOnDevice(
  program: Program,
  options: Placed,
  owned: boolean,
  openOn: OpenOn,
  open: Open | undefined,
): Promise<Attention> {
  const { device, backend } = options
  const target = await compiledFor(program, backend)
  const compiled = await wholeProgram(target)
  const { program: halves, wideOut } = halfProgram(compiled, device.features.has('shader-f16'))
  const attention = await openOn(halves, options, target === program ? open : undefined)
  const session = new Session(program.name, device, owned)
  try {
    const buffers = await HalfBuffers.open(session)
    const decoding = await decodingOf(attention, program, options)
    return new HalfAttention(attention, compiled, { buffers, wideOut }, decoding)
  } catch (thrown) {
    attention.destroy()
    session.end()
    throw thrown
  }
}
