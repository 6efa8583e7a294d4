/** A call of `backward` that has to do with states, checked. */
import type { Program } from '../program.ts'
import type { CheckedCall } from './call.ts'
import { checkRepeated, sizesOf } from './decoding.ts'
import { describe, requireObject } from './describe.ts'
import { checkBackward, checkWrt } from './gradients.ts'
import type { Parameters } from './gradients.ts'
import { requireForm } from './required-form.ts'
import type { CallSizes } from './sizes.ts'

/** Whether a call goes on from a state, or before one, or asks for the gradient of one. */
export function seesState(call: unknown): boolean {
  const { state, dstate, wrt } = Object(call) as Readonly<Record<string, unknown>>
  return state !== undefined || dstate !== undefined || (Array.isArray(wrt) && wrt.includes('state'))
}

/** The call without what it says of states, and what that is. */
export function apartFromStates(
  program: Program,
  call: unknown,
): {
  readonly plain: Readonly<Record<string, unknown>>
  readonly state: unknown
  readonly dstate: unknown
  readonly wrt: readonly unknown[]
} {
  requireForm(program, 'prefill')
  requireObject(`${program.name}.backward`, call, '{ q, k, v, dout, length: 128 }')
  const { state, dstate, wrt, kept, ...plain } = call
  if (kept !== undefined)
    throw new TypeError(
      `${program.name}.backward: forward keeps nothing for calls with state, dstate or wrt: ['state']; leave kept out.`,
    )
  const named: readonly unknown[] = Array.isArray(wrt) ? wrt : []
  return {
    plain: { ...plain, wrt: Array.isArray(wrt) ? named.filter((name) => name !== 'state') : wrt },
    state,
    dstate,
    wrt: named,
  }
}

/**
 * @param plain the call without what it says of states
 * @param parameters what gradients may be taken of beside
 * @param own sizes of the state that the call goes on from, which it may repeat
 * @throws TypeError, RangeError, AttentionError `form`
 */
export function checkRowsBehind(
  program: Program,
  plain: Readonly<Record<string, unknown>>,
  parameters: Parameters,
  own?: Pick<CallSizes, 'batch' | 'heads' | 'kvHeads'>,
): CheckedCall {
  const where = `${program.name}.backward`
  checkWrt(where, plain['wrt'], parameters)
  if (own) checkRepeated(where, own, plain)
  const checked = checkBackward(program, own ? { ...plain, ...sizesOf(own) } : plain, parameters)
  const { length, keyLength } = checked.sizes
  if (length === keyLength) return checked
  throw new RangeError(
    `${where}: rows of a sequence that states belong to have as many keys as queries; length is ${length} and keyLength is ${describe(keyLength)}.`,
  )
}
