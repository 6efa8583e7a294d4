/** Rows that begin sequences or follow those of a state, whichever backend computes them. */
import type { CheckedCall } from '../arguments/call.ts'
import { apartFromState, checkPrefill } from '../arguments/decoding.ts'
import { present } from '../arguments/form.ts'
import type { CallSizes } from '../arguments/sizes.ts'
import type { Drawn } from '../base-attention.ts'
import { positionsAfter } from '../positions.ts'
import type { Program } from '../program.ts'
import { roomFor } from '../room.ts'
import { ownState } from './carried.ts'
import { BufferState, emptyState } from './buffer-state.ts'
import type { StateKeeper } from './buffer-state.ts'

/** What such rows bring to a form, and the state that they leave. */
interface Prefix<Buffer, Call> {
  readonly form: 'prefill' | 'resume'
  /** What its backend makes of the call. */
  readonly accepted: Call
  readonly sizes: CallSizes
  readonly state: BufferState<Buffer>
  /** [B] where row 0 of each batch item goes, if not to the beginning. */
  readonly positions?: Uint32Array
}

/** What a backend does for such calls. */
interface Accepting<Buffer, Call> {
  readonly accept: (checked: CheckedCall) => Call
  /** Of the states that it makes. */
  readonly keeper: StateKeeper<Buffer>
}

/**
 * A call of `prefill`, checked, with a state for what it leaves, whose positions are still those before the call. Where
 * the call goes on from a state, that one is a copy of it.
 *
 * @throws TypeError, RangeError where the call is wrong, or its state is none of the attention's with this projection
 * @throws AttentionError `form`, `destroyed`
 */
export function prefixOf<Buffer, Call>(
  program: Program,
  drawn: Drawn,
  call: unknown,
  { accept, keeper }: Accepting<Buffer, Call>,
): Prefix<Buffer, Call> {
  const { plain, from } = apartFromState(program, call)
  if (from === undefined) {
    const checked = checkPrefill(program, plain)
    const accepted = accept(checked)
    const sizes = { ...checked.sizes, capacity: roomFor(checked.sizes.length) }
    return { form: 'prefill', accepted, sizes, state: emptyState(keeper, sizes) }
  }
  const before = ownState(program, BufferState<Buffer>, drawn, from, 'prefill')
  const checked = checkPrefill(program, plain, before.sizes)
  const accepted = accept(checked)
  const state = before.copyWithRoom(checked.sizes.length)
  return {
    form: formBehind(program),
    accepted,
    sizes: { ...checked.sizes, offset: state.position, capacity: state.sizes.capacity },
    state,
    positions: new Uint32Array(state.positions),
  }
}

/** The form of rows behind a state, which is that of rows behind none where it is told where rows begin. */
export function formBehind({ forms }: Program): Prefix<unknown, unknown>['form'] {
  if (forms.resume) return 'resume'
  const toldPositions = forms.prefill?.buffers.find(({ name }) => name === 'positions')
  present(toldPositions, 'form for rows behind a state')
  return 'prefill'
}

/** [B] keys of each batch item that count, with those of its state where these are kept as rows. */
export function keysThrough(
  { features }: Program,
  lengths: Uint32Array | undefined,
  positions: Uint32Array | undefined,
): Uint32Array | undefined {
  if (features > 0 || positions === undefined) return lengths
  return lengths?.map((length, item) => length + (positions[item] ?? 0))
}

/** Where a state stands after the rows of a call. */
export function advance(
  state: BufferState<unknown>,
  sizes: CallSizes,
  lengths: ArrayLike<number> | undefined,
): void {
  const added = positionsAfter(sizes, lengths)
  state.positions = state.positions.map((position, item) => position + (added[item] ?? 0))
}
