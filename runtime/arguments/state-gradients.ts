/** The gradient of a state, as a call of `backward` gives it to the next. */
import type { StateGradient, WideTensor } from '../attention.ts'
import type { Drawn } from '../base-attention.ts'
import { AttentionError } from '../errors.ts'
import { markOf } from '../projection/fingerprint.ts'
import { sizesOf } from './decoding.ts'
import { describe, isBuffer, isFloat32Array, requireObject } from './describe.ts'
import type { CallSizes } from './sizes.ts'

type OwnSizes = Pick<CallSizes, 'batch' | 'heads' | 'kvHeads'>

/** What a gradient is to be of. */
export interface OfState {
  readonly drawn: Drawn
  readonly sizes: OwnSizes
  /** [B] of the state; absent where only the device knows. */
  readonly positions: readonly number[] | undefined
  /** Numbers of each tensor. */
  readonly numbers: ReadonlyMap<string, number>
}

/** The gradient of a state of an attention, in such tensors. */
export function stateGradient<T extends WideTensor>(
  { drawn, sizes }: Pick<OfState, 'drawn' | 'sizes'>,
  positions: readonly number[],
  tensors: Readonly<Record<string, T>>,
): StateGradient<T> {
  return { name: drawn.name, positions, ...sizesOf(sizes), ...markOf(drawn), tensors }
}

/**
 * Its tensors by name, where it is that of the state that the rows of a call leave.
 *
 * @throws TypeError, RangeError, AttentionError `projection`
 */
export function checkStateGradient(
  where: string,
  given: unknown,
  of: OfState,
): ReadonlyMap<string, WideTensor> {
  const { drawn, sizes, positions, numbers } = of
  if (typeof given !== 'object' || given === null || !('tensors' in given))
    throw new TypeError(
      `${where}: dstate must be what backward of the rows behind these gave as dstate; it is ${describe(given)}.`,
    )
  const { name, tensors, projection, ...facts } = given as unknown as StateGradient<WideTensor>
  if (name !== drawn.name)
    throw new TypeError(`${where}: dstate must be of ${drawn.name}; it is of ${describe(name)}.`)
  for (const [size, own] of Object.entries(sizesOf(sizes))) {
    const found = facts[size as keyof OwnSizes]
    if (found !== own)
      throw new RangeError(`${where}: ${size} is ${own} in the call and ${describe(found)} in dstate.`)
  }
  if (projection !== undefined && projection !== markOf(drawn).projection)
    throw new AttentionError(
      'projection',
      `${where}: dstate is of features of another projection. Compute it anew, with the projection in use.`,
    )
  if (positions && String(facts.positions) !== String(positions))
    throw new RangeError(
      `${where}: dstate must be of the state behind these rows, at positions ${positions.join(', ')}; it is of one at ${String(facts.positions)}.`,
    )
  requireObject(`${where}: tensors of dstate`, tensors, '{ sums }')
  return new Map(
    [...numbers].map(([tensor, need]) => [
      tensor,
      checked(`${where}: ${tensor} of dstate`, tensors[tensor], need),
    ]),
  )
}

function checked(what: string, tensor: unknown, need: number): WideTensor {
  if (!isFloat32Array(tensor) && !isBuffer(tensor))
    throw new TypeError(
      `${what} must be a Float32Array or a GPUBuffer, as a call on this backend gives it; it is ${describe(tensor)}.`,
    )
  const have = isBuffer(tensor) ? tensor.size / 4 : tensor.length
  if (have < need || (have > need && !isBuffer(tensor)))
    throw new RangeError(`${what} needs ${need} numbers; it has ${have}.`)
  return tensor
}
