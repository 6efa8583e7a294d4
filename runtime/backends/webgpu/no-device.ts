/** What there is to say where no device is to be had; loaded then. */
import { AttentionError, messageOf } from '../../errors.ts'

export const noGpu = (): AttentionError =>
  new AttentionError(
    'no-webgpu',
    'There is no navigator.gpu. It takes a browser with WebGPU and a page from https or localhost.',
  )

export const noAdapter = (
  notes: readonly string[] = ['In a browser, see whether graphics acceleration is on.'],
): AttentionError =>
  new AttentionError(
    'no-adapter',
    [
      'WebGPU is here but offers no adapter.',
      ...notes,
      'Try a browser or a system with a graphics driver.',
    ].join(' '),
  )

export const noDevice = (cause: unknown): AttentionError =>
  new AttentionError('no-adapter', `The adapter gave no device: ${messageOf(cause)}`, { cause })
