/**
 * Gradients of rows behind those of a cache of keys and values: as those of each batch item's whole sequence, of which the
 * cache has the first rows, with no cotangents there. On the host, in time that grows with the sequence.
 */
import type { CheckedCall } from '../arguments/call.ts'
import { checkPiece } from '../arguments/piece.ts'
import { checkStateGradient, stateGradient } from '../arguments/state-gradients.ts'
import { present } from '../arguments/form.ts'
import type { BackwardCall, Gradients, SavedState, Tensor } from '../attention.ts'
import type { Drawn } from '../base-attention.ts'
import { AttentionError } from '../errors.ts'
import type { Program } from '../program.ts'
import { savedPositions } from '../positions.ts'
import type { StateBefore } from './piece.ts'
import { WholeSequences } from './whole-sequences.ts'
import type { ItemRows } from './whole-sequences.ts'

/**
 * @param call whose arrays nobody else changes
 * @param stateOf the state, where it is one of the attention's with this projection, and not destroyed
 * @param backward gradients of whole sequences
 * @throws TypeError, RangeError, AttentionError `form`, `destroyed`, `projection`
 */
export async function gradientsOfCachedPiece<T extends Tensor>(
  program: Program,
  drawn: Drawn,
  call: unknown,
  stateOf: (state: unknown) => StateBefore,
  backward: (call: BackwardCall<Float32Array>) => Promise<Gradients<Float32Array>>,
): Promise<Gradients<T>> {
  // What a sequence has before these rows goes before each head's own.
  if ((call as { readonly layout?: unknown } | undefined)?.layout === 'blhd') {
    const { apart } = await import('./apart.ts')
    const runs = {
      backward: (turned: object) => gradientsOfCachedPiece<T>(program, drawn, turned, stateOf, backward),
    }
    return (await apart(runs, 'backward', call as object, drawn)) as Gradients<T>
  }
  const where = `${program.name}.backward`
  const { checked, state, dstate, ofState } = checkPiece(program, call, stateOf)
  if (!checked.onHost)
    throw new AttentionError(
      'form',
      `${where}: gradients behind a state that keeps rows are computed on the host. Bring Float32Array in place of GPUBuffer.`,
    )
  const saved = await state?.save()
  const widths = program.singles ?? program
  const wholes = new WholeSequences(checked, saved && itemsOf(saved, widths), widths)
  const { sizes } = checked
  const { after, positions } = wholes
  const of = { drawn, call: checked, positions: after, numbers: wholes.numbers(after) }
  const later = checkStateGradient(where, dstate, of)
  const ofWholes = []
  for (const whole of wholes.calls) ofWholes.push(await backward(callOf(whole)))
  const { k, v, dq, dk, dv } = wholes.gradients(
    ofWholes,
    later as ReadonlyMap<string, Float32Array> | undefined,
  )
  const single = (numbers: Float32Array | Float64Array): Float32Array => Float32Array.from(numbers)
  return {
    dq: single(dq),
    dk: single(dk),
    dv: single(dv),
    ...(ofState && {
      dstate: stateGradient({ drawn, sizes }, positions, { k: single(k), v: single(v) }),
    }),
  } as unknown as Gradients<T>
}

/** A call for gradients of one item's whole sequence. */
function callOf({ sizes, tensors, lengths }: CheckedCall): BackwardCall<Float32Array> {
  const { heads, kvHeads, length } = sizes
  return {
    ...(Object.fromEntries(tensors) as Record<'q' | 'k' | 'v' | 'dout', Float32Array>),
    heads,
    kvHeads,
    length,
    lengths,
  }
}

/** The rows of each batch item of a cache. */
function itemsOf(saved: SavedState, widths: { readonly dim: number; readonly valueDim: number }): ItemRows[] {
  const { kvHeads, capacity, tensors } = saved
  const rowsOf = (name: string, width: number, item: number, position: number): Float32Array => {
    const cache = present(tensors[name], name)
    const rows = new Float32Array(kvHeads * position * width)
    for (let head = 0; head < kvHeads; head++) {
      const from = (item * kvHeads + head) * capacity * width
      rows.set(cache.subarray(from, from + position * width), head * position * width)
    }
    return rows
  }
  return savedPositions(saved).map((position, item) => ({
    position,
    k: rowsOf('keyCache', widths.dim, item, position),
    v: rowsOf('valueCache', widths.valueDim, item, position),
  }))
}
