/** The tensors of a call: all of one kind, and of the sizes that the call says. */
import type { Tensor, WideTensor } from '../attention.ts'
import { describe, isBuffer, isFloat32Array } from './describe.ts'
import type { CallSizes } from './sizes.ts'

type Axis = 'batch' | 'heads' | 'kvHeads' | 'length' | 'keyLength' | 'dim' | 'valueDim'

/** [B, H, L, D] and so on, in the words of the interface. */
const layouts = {
  q: ['batch', 'heads', 'length', 'dim'],
  k: ['batch', 'kvHeads', 'keyLength', 'dim'],
  v: ['batch', 'kvHeads', 'keyLength', 'valueDim'],
  out: ['batch', 'heads', 'length', 'valueDim'],
  dout: ['batch', 'heads', 'length', 'valueDim'],
} as const satisfies Record<string, readonly Axis[]>

interface Widths {
  readonly dim: number
  readonly valueDim: number
}

export type TensorName = keyof typeof layouts

const STORAGE = 0x80

/** The same numbers in an array of this realm: gpu.js looks at classes. */
function ours(tensor: Float32Array): Float32Array {
  const { buffer, byteOffset, length } = tensor
  return tensor instanceof Float32Array ? tensor : new Float32Array(buffer, byteOffset, length)
}

/** The tensors by name, either all of them on the host or all of them on the device. */
export function checkTensors(
  where: string,
  given: Readonly<Record<string, unknown>>,
  names: readonly TensorName[],
  sizes: CallSizes,
  widths: Widths,
): Map<string, WideTensor> {
  const tensors = new Map<string, WideTensor>()
  const { q } = given
  for (const name of names) {
    const tensor = given[name]
    if (!isFloat32Array(tensor) && !isBuffer(tensor)) {
      throw new TypeError(
        `${where}: ${name} must be a Float32Array or a GPUBuffer; it is ${describe(tensor)}.`,
      )
    }
    if (isBuffer(tensor) !== isBuffer(q)) {
      throw new TypeError(
        `${where}: the tensors must be all Float32Array or all GPUBuffer; ` +
          `q is ${describe(q)} and ${name} is ${describe(tensor)}.`,
      )
    }
    checkCount(where, name, tensor, sizes, widths)
    tensors.set(name, isBuffer(tensor) ? tensor : ours(tensor))
  }
  return tensors
}

export function requireStorage(where: string, name: string, { usage }: GPUBuffer): void {
  if ((usage & STORAGE) === 0)
    throw new TypeError(`${where}: the buffer ${name} needs the usage STORAGE; it has ${usage}.`)
}

/**
 * Numbers of a tensor. Where it is there it has room for them; `bytes` are those of a number in a buffer.
 */
export function checkCount(
  where: string,
  name: TensorName,
  tensor: Tensor | undefined,
  sizes: CallSizes,
  widths: Widths,
  bytes = 4,
): number {
  const axes: readonly Axis[] = layouts[name]
  const sizeOf = (axis: Axis): number => (axis === 'dim' || axis === 'valueDim' ? widths[axis] : sizes[axis])
  const need = axes.reduce((product, axis) => product * sizeOf(axis), 1)
  const product = (): string => axes.map((axis) => `${axis} ${sizeOf(axis)}`).join(' × ')
  if (isBuffer(tensor)) {
    requireStorage(where, name, tensor)
    if (tensor.size >= need * bytes) return need
    throw new RangeError(
      `${where}: ${name} needs ${need * bytes} bytes, ${bytes} × ${product()}; the buffer has ${tensor.size}.`,
    )
  }
  const have = tensor?.length ?? need
  if (have === need) return need
  const rows = axes[2] ?? 'length'
  const perRow = need / sizeOf(rows)
  const hint =
    have === 0
      ? ' An array whose buffer was transferred elsewhere is empty.'
      : have % perRow === 0
        ? ` With the other sizes as they are, ${rows} would be ${have / perRow}.`
        : ''
  throw new RangeError(`${where}: ${name} needs ${need} numbers, ${product()}; it has ${have}.${hint}`)
}
