/** The calls of decoding, checked: a prefix, and one token more. */
import type { Drawn } from '../base-attention.ts'
import { AttentionError } from '../errors.ts'
import type { Program } from '../program.ts'
import { markOf } from '../projection/fingerprint.ts'
import { checkCall } from './call.ts'
import type { CheckedCall } from './call.ts'
import { describe, isFloat32Array, requireObject } from './describe.ts'
import { requireForm } from './required-form.ts'
import { lengthNames } from './lengths.ts'
import { checkSizes } from './sizes.ts'
import type { CallSizes } from './sizes.ts'
import type { TensorName } from './tensors.ts'

/** Sizes that a state has. */
export type StateSizes = Pick<CallSizes, 'batch' | 'heads' | 'kvHeads' | 'valueHeads' | 'headOrder'>

/** The call of `prefill` without the state that it goes on from. */
export function apartFromState(
  program: Program,
  call: unknown,
): { readonly plain: Readonly<Record<string, unknown>>; readonly from: unknown } {
  requireForm(program, 'prefill')
  requireObject(`${program.name}.prefill`, call)
  const { state: from, ...plain } = call
  return { plain, from }
}

/**
 * @param own sizes of the state that the call goes on from, which it may repeat
 * @param sizes of the call, where they are checked elsewhere, and `names` of the tensors that are checked here
 */
export function checkPrefill(
  program: Program,
  call: Readonly<Record<string, unknown>>,
  own?: StateSizes,
  sizes?: CallSizes,
  names?: readonly TensorName[],
): CheckedCall {
  const where = `${program.name}.prefill`
  if (own) checkRepeated(where, own, call)
  const given = own && !sizes ? { ...call, ...sizesOf(own) } : call
  const checked = checkCall(program, 'prefill', given, names, sizes)
  const { length, keyLength } = checked.sizes
  if (length !== keyLength)
    throw new RangeError(
      `${where}: a prefix has as many keys as queries; length is ${length} and keyLength is ${keyLength}.`,
    )
  return checked
}

/** The sizes alone. */
export const sizesOf = ({ batch, heads, kvHeads, valueHeads, headOrder }: StateSizes): StateSizes => ({
  batch,
  heads,
  kvHeads,
  ...(valueHeads !== undefined && { valueHeads, headOrder }),
})

/** Sizes of the state, as the call may repeat them. */
export function checkRepeated(where: string, own: StateSizes, call: Readonly<Record<string, unknown>>): void {
  for (const [name, size] of Object.entries(sizesOf(own))) {
    const { [name]: said = size } = call
    if (said === size) continue
    throw new RangeError(`${where}: ${name} is ${size} in the state and ${describe(said)} in the call.`)
  }
}

/**
 * @param own sizes of the state; a call may repeat them
 * @param names of the tensors, where others, and head counts, are checked elsewhere
 */
export function checkStep(
  program: Program,
  own: StateSizes,
  call: unknown,
  names?: readonly TensorName[],
): CheckedCall {
  const where = `${program.name}.step`
  requireObject(where, call, '{ q, k, v }')
  const sizes = { ...sizesOf(own), length: 1, keyLength: 1, offset: 0, capacity: 1 }
  for (const name of ['length', 'keyLength'] as const) {
    const { [name]: said = 1 } = call
    if (said !== 1)
      throw new RangeError(`${where}: it is one token; ${name} is ${describe(said)} in the call.`)
  }
  checkRepeated(where, sizes, call)
  // Of one row, heads are as much inside as apart.
  if (!names) checkSizes(where, { ...sizes, layout: call['layout'] })
  for (const name in lengthNames) {
    if (call[name] !== undefined)
      throw new AttentionError('form', `${where} takes no ${name}: it is one token for every batch item.`)
  }
  return checkCall(program, 'step', call, names, sizes)
}

/** Of tokens and of what is counted beside them: kernels count in 32 bits, and steps are to follow. */
const most = 2 ** 30

/**
 * @throws TypeError, RangeError where it is not what a state of this attention saved
 * @throws AttentionError `projection` where that had another projection
 */
export function checkSaved(program: Program, drawn: Drawn, saved: unknown): void {
  const where = `${program.name}.restore`
  requireForm(program, 'step')
  requireObject(where, saved, 'what save of a state gave')
  if (saved['name'] !== program.name)
    throw new TypeError(
      `${where}: expected what a state of ${program.name} saved; it is of ${describe(saved['name'])}.`,
    )
  const { projection } = saved
  if (projection !== undefined && projection !== markOf(drawn).projection)
    throw new AttentionError(
      'projection',
      `${where}: the state was saved with another projection, of which it holds features. ` +
        'Create the attention with that projection, redraw with its seed, or prefill again.',
    )
  const count = (name: string, least = 1): number => {
    const value = saved[name]
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
    throw new RangeError(
      `${where}: the saved ${name} must be an integer from ${least} to 2³⁰; it is ${describe(value)}.`,
    )
  }
  const batch = count('batch')
  const [heads, kvHeads] = [count('heads'), count('kvHeads')]
  if (heads % kvHeads !== 0) {
    throw new RangeError(
      `${where}: the saved heads must be a multiple of kvHeads; they are ${heads} and ${kvHeads}.`,
    )
  }
  const [position, capacity] = [count('position', 0), count('capacity')]
  if (capacity < position) {
    throw new RangeError(
      `${where}: the saved capacity must be room for all ${position} tokens; it is ${capacity}.`,
    )
  }
  const { positions, tensors } = saved
  if (positions !== undefined) {
    if (!Array.isArray(positions) || positions.length !== batch)
      throw new TypeError(
        `${where}: the saved positions must be an array of ${batch}, one per batch item; they are ${describe(positions)}.`,
      )
    for (const one of positions as unknown[])
      if (typeof one !== 'number' || !Number.isInteger(one) || one < 0 || one > position)
        throw new RangeError(
          `${where}: the saved positions must be integers from 0 to the position ${position}; one is ${describe(one)}.`,
        )
  }
  if (typeof tensors !== 'object' || tensors === null)
    throw new TypeError(`${where}: the saved tensors must be an object; they are ${describe(tensors)}.`)
  for (const [name, tensor] of Object.entries(tensors)) {
    if (!isFloat32Array(tensor))
      throw new TypeError(`${where}: the saved ${name} must be a Float32Array; it is ${describe(tensor)}.`)
  }
}
