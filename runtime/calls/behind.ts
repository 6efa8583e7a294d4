/** Gradients of rows behind those of a state, whichever backend computes them. Loaded with the first such call. */
import type { CheckedCall } from '../arguments/call.ts'
import { apartFromStates, checkRowsBehind } from '../arguments/rows-behind.ts'
import { checkStateGradient, stateGradient } from '../arguments/state-gradients.ts'
import { isBuffer } from '../arguments/describe.ts'
import { checkNames } from '../arguments/gradients.ts'
import type { Gradients, Tensor, WideTensor } from '../attention.ts'
import type { Drawn } from '../base-attention.ts'
import { AttentionError } from '../errors.ts'
import { atTheBeginning, positionsAfter } from '../positions.ts'
import type { Form, Program } from '../program.ts'
import { wholeCall } from './slices.ts'

/** What is known of the state that a call goes on from. */
interface Before {
  readonly sizes: Pick<CheckedCall['sizes'], 'batch' | 'heads' | 'kvHeads' | 'capacity'>
  readonly positions: readonly number[]
}

/** A call, checked. */
export interface RowsBehind<State> {
  readonly checked: CheckedCall
  /** What it goes on from, if anything. */
  readonly state: State | undefined
  /** [B] where its first rows are. */
  readonly positions: Uint32Array
  /** Cotangents of the state that it leaves. */
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
 * @param own the state, where it is one of the attention's with this projection, and not destroyed
 * @throws TypeError, RangeError, AttentionError `form`, `destroyed`, `projection`
 */
export function rowsBehind<State extends Before>(
  program: Program,
  form: Form,
  drawn: Drawn,
  call: unknown,
  own: (state: unknown) => State,
): RowsBehind<State> {
  const { plain, state: given, dstate, wrt } = apartFromStates(program, call)
  requireNoParameters(program, plain['wrt'])
  const state = given === undefined ? undefined : own(given)
  const checked = checkRowsBehind(program, plain, { projection: undefined, weights: {} }, state?.sizes)
  const { sizes, lengths } = checked
  const positions = state?.positions ?? atTheBeginning(sizes)
  const counts = isBuffer(lengths) ? undefined : positionsAfter(sizes, lengths)
  const shape = wholeCall(form, sizes)
  const numbersOf = new Map(
    form.buffers.flatMap(({ name, size }) =>
      name.startsWith(laterOnes) ? [[shortName(name, laterOnes), size(shape)] as const] : [],
    ),
  )
  const after = counts?.map((count, item) => count + (positions[item] ?? 0))
  const found =
    dstate === undefined
      ? undefined
      : checkStateGradient(`${program.name}.backward`, dstate, {
          drawn,
          call: checked,
          positions: after,
          numbers: numbersOf,
        })
  return {
    checked,
    state,
    positions: new Uint32Array(positions),
    later: new Map(
      [...numbersOf].map(([name, count]) => [
        longName(name, laterOnes),
        found?.get(name) ?? new Float32Array(count).fill(name === 'scales' ? lowest : 0),
      ]),
    ),
    named: <T extends Tensor>(outputs: ReadonlyMap<string, Tensor>): Gradients<T> => {
      const ofState = [...outputs].filter(([name]) => name.startsWith(initialOnes))
      const tensors = ofState.map(([name, of]) => [shortName(name, initialOnes), of] as const)
      return {
        ...Object.fromEntries([...outputs].filter(([name]) => !name.startsWith(initialOnes))),
        ...(wrt.includes('state') && {
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

/** @throws TypeError for other words, AttentionError `form` where `wrt` names more than the state */
export function requireNoParameters({ name }: Program, wrt: unknown): void {
  const named = checkNames(`${name}.backward`, wrt)
  if (named.length === 0) return
  throw new AttentionError(
    'form',
    `${name}.backward: wrt: ['${named.map(String).join("', '")}'] has no gradient here together with a state. Leave it out, or create with backend: 'reference'.`,
  )
}

/** `laterSums` as a member of the gradient of a state, `sums`; and back. */
const shortName = (name: string, of: string): string =>
  `${(name[of.length] ?? '').toLowerCase()}${name.slice(of.length + 1)}`
const longName = (name: string, of: string): string => `${of}${(name[0] ?? '').toUpperCase()}${name.slice(1)}`
