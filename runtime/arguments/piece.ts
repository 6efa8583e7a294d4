/** A call of `backward` that has to do with states, checked. */
import { AttentionError } from '../errors.ts'
import type { Program } from '../program.ts'
import type { CheckedCall } from './call.ts'
import { checkRepeated, sizesOf } from './decoding.ts'
import type { StateSizes } from './decoding.ts'
import { describe, requireObject } from './describe.ts'
import { checkBackward, checkNames, checkWrt } from './gradients.ts'
import type { Parameters } from './gradients.ts'
import { requireForm } from './required-form.ts'

/** Whether a call goes on from a state, or before one, or asks for the gradient of one. */
export function seesState(call: unknown): boolean {
  const { state, dstate, wrt } = Object(call) as Readonly<Record<string, unknown>>
  return state !== undefined || dstate !== undefined || (Array.isArray(wrt) && wrt.includes('state'))
}

/** A call for gradients of a piece of a sequence: of rows, by what comes before them and behind. */
export interface CheckedPiece<State> {
  readonly checked: CheckedCall
  /** What it goes on from, if anything. */
  readonly state: State | undefined
  /** Still to be checked. */
  readonly dstate: unknown
  /** Whether the gradient of the state is asked for. */
  readonly ofState: boolean
  /** What else gradients are asked of. */
  readonly wrt: readonly unknown[]
}

/**
 * @param stateOf the state, where it is one of the attention's with the projection in use, and not destroyed
 * @param parameters what gradients may be taken of beside; none where they are not given
 * @throws TypeError, RangeError, AttentionError `form`, `destroyed`
 */
export function checkPiece<State extends { readonly sizes: StateSizes }>(
  program: Program,
  call: unknown,
  stateOf: (state: unknown) => State,
  parameters?: Parameters,
): CheckedPiece<State> {
  const where = `${program.name}.backward`
  requireForm(program, 'prefill')
  requireObject(where, call, '{ q, k, v, dout, length: 128 }')
  const { state: given, dstate, wrt: all, kept, ...plain } = call
  if (kept !== undefined)
    throw new TypeError(
      `${where}: forward keeps nothing for calls with state, dstate or wrt: ['state']; leave kept out.`,
    )
  const named = checkNames(where, all)
  const wrt = named.filter((name) => name !== 'state')
  const others = parameters ?? noParameters(program, wrt)
  checkWrt(where, wrt, others)
  const state = given === undefined ? undefined : stateOf(given)
  const own = state && sizesOf(state.sizes)
  if (own) checkRepeated(where, own, plain)
  const checked = checkBackward(program, { ...plain, ...own, wrt }, others)
  const { length, keyLength } = checked.sizes
  if (length !== keyLength)
    throw new RangeError(
      `${where}: rows of a sequence that states belong to have as many keys as queries; length is ${length} and keyLength is ${describe(keyLength)}.`,
    )
  return { checked, state, dstate, ofState: named.includes('state'), wrt }
}

/** @throws AttentionError `form` where `wrt` names some */
function noParameters({ name }: Program, wrt: readonly unknown[]): Parameters {
  if (wrt.length === 0) return { projection: undefined, weights: {} }
  throw new AttentionError(
    'form',
    `${name}.backward: wrt: ['${wrt.map(String).join("', '")}'] has no gradient here together with a state. Leave it out, or create with backend: 'reference'.`,
  )
}
