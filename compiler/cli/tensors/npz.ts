/** NumPy's `.npz`: a zip archive with one `.npy` per array. */
import { zipSync } from 'fflate'
import { type Found, naming, readAsked } from './asked.ts'
import { readNpy, requireNpySize, writeNpy } from './npy.ts'
import { type LoadedTensor, type Tensor, TensorFileError } from './tensor.ts'
import { type ZipEntry, zipEntries } from './zip.ts'

/** See `readAsked`. */
export function readNpz(
  bytes: Uint8Array,
  asked?: readonly string[],
  passOver?: (name: string) => void,
): Map<string, LoadedTensor> {
  return readAsked(find(bytes), asked, passOver)
}

function find(bytes: Uint8Array): Found {
  const found = new Map<string, () => LoadedTensor>()
  for (const entry of zipEntries(bytes)) {
    if (!entry.name.endsWith('.npy')) continue
    const name = entry.name.slice(0, -'.npy'.length)
    const read = found.has(name) ? twice : () => readEntry(entry)
    found.set(name, () => naming(entry.name, read))
  }
  return found
}

function twice(): never {
  throw new TensorFileError('is there twice')
}

/** A few bytes may inflate to more than any memory holds: the header tells first what they should come to. */
function readEntry({ size, beginning, content }: ZipEntry): LoadedTensor {
  requireNpySize(beginning(), size)
  return readNpy(content())
}

/** Stored, not deflated: random numbers do not shrink. */
export function writeNpz(arrays: ReadonlyMap<string, Tensor>): Uint8Array {
  const entries = [...arrays].map(([name, tensor]) => [`${name}.npy`, writeNpy(tensor)] as const)
  return zipSync(Object.fromEntries(entries), { level: 0, mtime: new Date(1980, 0, 1) })
}
