/** An attention whose tensors are f16, to properties that see f32. */
import { AttentionError } from '../../../runtime/errors.ts'
import type { Attention, ForwardCall } from '../../../runtime/index.ts'
import { narrow, widen } from '../../../runtime/storage/half.ts'

/** Rows of these sizes, none of which is a number that is stored. */
export const nothingStored = (entries: number): Float32Array => new Float32Array(entries).fill(Infinity)

/**
 * Runs a call on the halves nearest to its entries.
 *
 * @param entries of the result, all of which are infinite where the call ends in the error `range`
 */
export async function onHalves(
  { q, k, v, ...call }: ForwardCall<Float32Array>,
  entries: number,
  run: (call: ForwardCall<Uint16Array>) => Promise<Uint16Array>,
): Promise<Float32Array> {
  const halves = (rows: Float32Array): Uint16Array => narrow(rows).halves
  try {
    return widen(await run({ ...call, q: halves(q), k: halves(k), v: halves(v) }))
  } catch (error) {
    if (error instanceof AttentionError && error.code === 'range') return nothingStored(entries)
    throw error
  }
}

/** The entries of the result of a call of these sizes. */
export const entriesOf = (
  { valueDim }: Pick<Attention, 'valueDim'>,
  { batch = 1, heads = 1, length }: Pick<ForwardCall<Float32Array>, 'batch' | 'heads' | 'length'>,
): number => batch * heads * length * valueDim
