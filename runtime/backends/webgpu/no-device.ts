/** What there is to say where no device is to be had; loaded then. */
import { AttentionError, messageOf } from '../../errors.ts'

export const noGpu = (): AttentionError =>
  new AttentionError(
    'no-webgpu',
    'There is no navigator.gpu. It takes a browser with WebGPU and a page from https or localhost.',
  )

/** @param info of an adapter that a processor stands behind, where there is one */
export const noAdapter = (
  info: GPUAdapterInfo | undefined,
  notes: readonly string[] = ['In a browser, see whether graphics acceleration is on.'],
): AttentionError =>
  new AttentionError(
    'no-adapter',
    info === undefined
      ? [
          'WebGPU is here but offers no adapter.',
          ...notes,
          'Try a browser or a system with a graphics driver.',
        ].join(' ')
      : `WebGPU offers no GPU but a processor that plays one (${info.description || info.device || info.architecture || info.vendor}), ` +
          'which is taken where the backend webgpu is asked for by name.',
  )

export const noDevice = (cause: unknown): AttentionError =>
  new AttentionError('no-adapter', `The adapter gave no device: ${messageOf(cause)}`, { cause })
