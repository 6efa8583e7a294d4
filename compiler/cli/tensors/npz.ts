/** NumPy's `.npz`: a zip archive with one `.npy` per array. */
import { unzipSync, zipSync } from 'fflate'
import { readNpy, writeNpy } from './npy.ts'
import { type LoadedTensor, type Tensor, TensorFileError } from './tensor.ts'

export function readNpz(bytes: Uint8Array): Map<string, LoadedTensor> {
  let entries: Record<string, Uint8Array>
  try {
    entries = unzipSync(bytes, { filter: ({ name }) => name.endsWith('.npy') })
  } catch (error) {
    throw new TensorFileError(`is not a readable .npz (zip) file: ${(error as Error).message}`)
  }
  const arrays = new Map<string, LoadedTensor>()
  for (const [entry, content] of Object.entries(entries)) {
    try {
      arrays.set(entry.slice(0, -'.npy'.length), readNpy(content))
    } catch (error) {
      if (error instanceof TensorFileError) throw new TensorFileError(`: the array ${entry} ${error.message}`)
      throw error
    }
  }
  return arrays
}

/** Stored, not deflated: random numbers do not shrink. */
export function writeNpz(arrays: ReadonlyMap<string, Tensor>): Uint8Array {
  const entries = [...arrays].map(([name, tensor]) => [`${name}.npy`, writeNpy(tensor)] as const)
  return zipSync(Object.fromEntries(entries), { level: 0, mtime: new Date(1980, 0, 1) })
}
