/** One token more, whichever backend computes it. */
import { checkStep } from '../arguments/decoding.ts'
import type { CheckedCall } from '../arguments/call.ts'
import { requireForm } from '../arguments/required-form.ts'
import type { CallSizes } from '../arguments/sizes.ts'
import type { AttentionState } from '../attention.ts'
import type { Drawn } from '../base-attention.ts'
import type { Program } from '../program.ts'
import { ownState } from './carried.ts'
import { BufferState } from './buffer-state.ts'

/** What a token brings to the form `step`. */
interface Token<Buffer, Call> {
  /** What its backend makes of the call. */
  readonly accepted: Call
  readonly sizes: CallSizes
  readonly state: BufferState<Buffer>
  /** [B] where the token of each batch item goes. */
  readonly positions: Uint32Array
}

/**
 * A call of `step`, checked; the state is then one token further and has room for it. Nothing has changed where it
 * throws.
 *
 * @param accept what the backend makes of a call, or throws
 * @throws TypeError, RangeError where the state is not one of the attention's with this projection, or the call is wrong
 * @throws AttentionError `form`, `destroyed`
 */
export function nextToken<Buffer, Call>(
  program: Program,
  drawn: Drawn,
  given: AttentionState,
  call: unknown,
  accept: (checked: CheckedCall) => Call,
): Token<Buffer, Call> {
  requireForm(program, 'step')
  const state: BufferState<Buffer> = ownState(program, BufferState<Buffer>, drawn, given, 'step')
  const checked = checkStep(program, state.sizes, call)
  const accepted = accept(checked)
  state.makeRoom()
  const { batch, heads, kvHeads, capacity } = state.sizes
  const { position: offset, positions } = state
  state.positions = positions.map((position) => position + 1)
  const sizes = { batch, heads, kvHeads, length: 1, keyLength: 1, offset, capacity }
  return { accepted, sizes, state, positions: new Uint32Array(positions) }
}
