/** Attentions whose tensors are stored in another way than as f32; loaded where `create` is asked for one. */
import type { Attention, CreateOptions } from '../attention.ts'
import type { Found, Open, OpenOn } from '../backends/backend.ts'
import { backends } from '../backends/index.ts'
import type { Program } from '../program.ts'
import { decodingOf } from './decoding.ts'
import { HalfAttention } from './half-attention.ts'

/** An attention on tensors of f16: in kernels that read them where there are buffers of a device, elsewhere over one of f32. */
export async function onHalves(
  program: Program,
  options: CreateOptions,
  openOn: OpenOn,
  open: Open | undefined,
): Promise<Attention> {
  const overSingles = async (own = open): Promise<Attention> => {
    const wide = await openOn(program, options, own)
    try {
      return new HalfAttention(wide, program, undefined, await decodingOf(wide, program, options))
    } catch (thrown) {
      wide.destroy()
      throw thrown
    }
  }
  const backend = await backends[options.backend ?? program.target]()
  if (backend.runs !== 'kernels' || backend.readsHalves !== true) return overSingles()
  let found: Found
  try {
    found = await backend.find(options.backend !== undefined, options.device)
  } catch (missing) {
    // Another backend may do.
    return overSingles(() => Promise.reject(missing))
  }
  const { device } = found.options
  if (device === undefined) return overSingles()
  try {
    const { openOnDevice } = await import('./on-device.ts')
    const owned = options.device === undefined
    return await openOnDevice(program, { ...options, device, backend: backend.name }, owned, openOn, open)
  } catch (thrown) {
    found.destroy()
    throw thrown
  }
}
