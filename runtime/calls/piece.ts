/** Gradients of rows behind those of a state, whichever backend computes them. Loaded with the first such call. */
import type { CheckedCall } from '../arguments/call.ts'
import { checkPiece } from '../arguments/piece.ts'
import { checkStateGradient, stateGradient } from '../arguments/state-gradients.ts'
import { isBuffer } from '../arguments/describe.ts'
import type { AttentionState, Gradients, Tensor, WideTensor } from '../attention.ts'
import type { Drawn } from '../base-attention.ts'
import { atTheBeginning, positionsAfter } from '../positions.ts'
import type { Form, Program } from '../program.ts'
import type { Carried } from './carried.ts'
import { wholeCall } from './slices.ts'

/** What is known of the state that a call goes on from. */
export interface StateBefore extends Carried<unknown>, AttentionState {
  readonly sizes: Pick<CheckedCall['sizes'], 'batch' | 'heads' | 'kvHeads' | 'capacity'>
  readonly positions: readonly number[]
}

/** A call for gradients of rows of a sequence, as the form of such gradients has it. */
export interface Piece<State> {
  /** Of the attention, with the forms that make states. */
  readonly program: Program
  readonly checked: CheckedCall
  /** What it goes on from, if anything. */
  readonly state: State | undefined
  /** [B] where its first rows are. */
  readonly positions: Uint32Array
  /** Cotangents of the state that it leaves, by the names of their buffers. */
  readonly later: ReadonlyMap<string, WideTensor>
  /** Its outputs by the names of the interface. */
  readonly named: <T extends Tensor>(outputs: ReadonlyMap<string, Tensor>) => Gradients<T>
}

/** As far below 0 as f32 goes: the scale of a sum of nothing. */
const lowest = -3.4028234663852886e38

/** Where gradients of states are among the buffers of the form. */
const [laterOnes, initialOnes] = ['later', 'initial'] as const

/**
 * @param form of the gradients of rows behind a state
 * @param stateOf the state, where it is one of the attention's with this projection, and not destroyed
 * @throws TypeError, RangeError, AttentionError `form`, `destroyed`, `projection`
 */
export function pieceOf<State extends StateBefore>(
  program: Program,
  form: Form,
  drawn: Drawn,
  call: unknown,
  stateOf: (state: unknown) => State,
): Piece<State> {
  const { checked, state, dstate, ofState } = checkPiece(program, call, stateOf)
  const { sizes, lengths } = checked
  const positions = state?.positions ?? atTheBeginning(sizes)
  const counts = isBuffer(lengths) ? undefined : positionsAfter(sizes, lengths)
  const shape = wholeCall(form, sizes)
  const numbers = new Map(
    form.buffers.flatMap(({ name, size }) =>
      name.startsWith(laterOnes) ? [[shortName(name, laterOnes), size(shape)] as const] : [],
    ),
  )
  const after = counts?.map((count, item) => count + (positions[item] ?? 0))
  const of = { drawn, call: checked, positions: after, numbers }
  const found = checkStateGradient(`${program.name}.backward`, dstate, of)
  return {
    program,
    checked,
    state,
    positions: new Uint32Array(positions),
    later: new Map(
      [...numbers].map(([name, count]) => [
        longName(name, laterOnes),
        found?.get(name) ?? new Float32Array(count).fill(name === 'scales' ? lowest : 0),
      ]),
    ),
    named: <T extends Tensor>(outputs: ReadonlyMap<string, Tensor>): Gradients<T> => {
      const initial = [...outputs].filter(([name]) => name.startsWith(initialOnes))
      const tensors = initial.map(([name, one]) => [shortName(name, initialOnes), one] as const)
      return {
        ...Object.fromEntries([...outputs].filter(([name]) => !name.startsWith(initialOnes))),
        ...(ofState && {
          dstate: stateGradient(
            { drawn, sizes },
            positions,
            Object.fromEntries(tensors) as Record<string, WideTensor>,
          ),
        }),
      } as unknown as Gradients<T>
    },
  }
}

/** `laterSums` as a member of the gradient of a state, `sums`; and back. */
const shortName = (name: string, of: string): string =>
  `${(name[of.length] ?? '').toLowerCase()}${name.slice(of.length + 1)}`
const longName = (name: string, of: string): string => `${of}${(name[0] ?? '').toUpperCase()}${name.slice(1)}`
