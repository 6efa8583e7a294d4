/** The gradient of a state, as a call of `backward` gives it to the next. */
import type { StateGradient, WideTensor } from '../attention.ts'
import type { Drawn } from '../base-attention.ts'
import { AttentionError } from '../errors.ts'
import { markOf } from '../projection/fingerprint.ts'
import { sizesOf } from './decoding.ts'
import { describe, isBuffer, isFloat32Array, requireObject } from './describe.ts'
import type { CheckedCall } from './call.ts'
import type { CallSizes } from './sizes.ts'
import { requireStorage } from './tensors.ts'

type OwnSizes = Pick<CallSizes, 'batch' | 'heads' | 'kvHeads'>

/** What a gradient is to be of. */
export interface OfState {
  readonly drawn: Drawn
  /** What goes before it, with the buffers for its results. */
  readonly call: Pick<CheckedCall, 'onHost' | 'tensors'> & { readonly sizes: OwnSizes }
  /** [B] of the state; absent where only the device knows. */
  readonly positions: readonly number[] | undefined
  /** Numbers of each tensor. */
  readonly numbers: ReadonlyMap<string, number>
}

/** The gradient of a state of an attention, in such tensors. */
export function stateGradient<T extends WideTensor>(
  { drawn, sizes }: { readonly drawn: Drawn; readonly sizes: OwnSizes },
  positions: readonly number[],
  tensors: Readonly<Record<string, T>>,
): StateGradient<T> {
  return { name: drawn.name, positions, ...sizesOf(sizes), ...markOf(drawn), tensors }
}

/**
 * Its tensors by name, where it is that of the state that the rows of a call leave; nothing where none is given.
 *
 * @throws TypeError, RangeError, AttentionError `projection`
 */
export function checkStateGradient(
  where: string,
  given: unknown,
  of: OfState,
): ReadonlyMap<string, WideTensor> | undefined {
  if (given === undefined) return undefined
  const { drawn, call, positions, numbers } = of
  if (typeof given !== 'object' || given === null || !('tensors' in given))
    throw new TypeError(
      `${where}: dstate must be what backward of the rows behind these gave as dstate; it is ${describe(given)}.`,
    )
  const { name, tensors, projection, ...facts } = given as unknown as StateGradient<WideTensor>
  if (name !== drawn.name)
    throw new TypeError(`${where}: dstate must be of ${drawn.name}; it is of ${describe(name)}.`)
  for (const [size, own] of Object.entries(sizesOf(call.sizes))) {
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
      checked(where, `${tensor} of dstate`, tensors[tensor], need, call),
    ]),
  )
}

/** A tensor of the kind that those of the call are; in a buffer that the call does not write. */
function checked(
  where: string,
  name: string,
  tensor: unknown,
  need: number,
  { onHost, tensors }: OfState['call'],
): WideTensor {
  if (onHost ? !isFloat32Array(tensor) : !isBuffer(tensor))
    throw new TypeError(
      `${where}: ${name} must be a ${onHost ? 'Float32Array' : 'GPUBuffer'}, as q, k and v are; it is ${describe(tensor)}.`,
    )
  const given = tensor as WideTensor
  const have = isBuffer(given) ? given.size / 4 : given.length
  if (have < need || (have > need && onHost))
    throw new RangeError(`${where}: ${name} needs ${need} numbers; it has ${have}.`)
  if (!isBuffer(given)) return given
  requireStorage(where, name, given)
  for (const result of ['dq', 'dk', 'dv'])
    if (tensors.get(result) === given)
      throw new TypeError(`${where}: ${result} must be another buffer than ${name}.`)
  return given
}
