/** What a forward pass keeps for `backward`, and whether a call may go on from it. Loaded with gradients. */
import { describe } from '../arguments/describe.ts'
import type { CheckedCall } from '../arguments/call.ts'
import type { CheckedLengths } from '../arguments/lengths.ts'
import { sizeNames } from '../arguments/sizes.ts'
import type { Kept } from '../attention.ts'
import type { Drawn } from '../base-attention.ts'
import type { Shape } from '../contract/shape.ts'
import { AttentionError } from '../errors.ts'
import type { BufferPlan, GradientProgram } from '../program.ts'

/** A call, as far as gradients of it must be of the same. */
export interface OfCall {
  /** Whose gradients: each program has its own. */
  readonly owner: object
  readonly drawn: Drawn
  /** Whether gradients of parameters are among them. */
  readonly parameters: boolean
  readonly call: Pick<CheckedCall, 'sizes' | 'lengths' | 'queryLengths'>
}

/** Each slice of a call, and its buffers by name. */
export interface KeptParts<Buffer> {
  readonly slices: readonly Shape[]
  readonly parts: readonly ReadonlyMap<string, Buffer>[]
}

/** What forward keeps in buffers of its backend; nothing where gradients compute nothing anew, or all of it. */
export class KeptForward<Buffer> implements Kept {
  readonly of: OfCall
  readonly bytes: number
  readonly #contents: KeptParts<Buffer> | undefined
  readonly #free: ((buffer: Buffer) => void) | undefined
  #destroyed = false

  constructor(of: OfCall, bytes = 0, contents?: KeptParts<Buffer>, free?: (buffer: Buffer) => void) {
    this.of = of
    this.bytes = bytes
    this.#contents = contents
    this.#free = free
  }

  get destroyed(): boolean {
    return this.#destroyed
  }

  /** Absent where `backward` is run as it is without. */
  get contents(): KeptParts<Buffer> | undefined {
    return this.#contents
  }

  destroy(): void {
    if (this.#destroyed) return
    this.#destroyed = true
    for (const part of this.#contents?.parts ?? []) for (const buffer of part.values()) this.#free?.(buffer)
  }
}

/** The buffers that the two parts of gradients share, and what they take in so many slices. */
export function keptBuffers(
  { forms: { keep } }: GradientProgram,
  slices: readonly Shape[],
): { readonly plans: readonly BufferPlan[]; readonly bytes: number } {
  const plans = keep?.buffers.filter(({ kept }) => kept) ?? []
  return {
    plans,
    bytes: slices.reduce((sum, slice) => plans.reduce((all, { size }) => all + 4 * size(slice), sum), 0),
  }
}

/**
 * What was kept, where it is for this call.
 *
 * @throws TypeError, RangeError, AttentionError `destroyed`, `projection`
 */
export function checkKept<Buffer>(
  where: string,
  kept: unknown,
  { owner, drawn, parameters, call }: OfCall,
): KeptForward<Buffer> {
  if (!(kept instanceof KeptForward) || kept.of.owner !== owner)
    throw new TypeError(
      `${where}: kept must be what forward({ …, keep: true }) of this attention returned; it is ${describe(kept)}.`,
    )
  if (kept.destroyed)
    throw new AttentionError(
      'destroyed',
      `${where}: what forward kept was destroyed; leave kept out, and it is computed anew.`,
    )
  const { of } = kept as KeptForward<Buffer>
  if (of.drawn !== drawn)
    throw new AttentionError(
      'projection',
      `${where}: what forward kept is of the projection before redraw; call forward again.`,
    )
  if (of.parameters !== parameters)
    throw new TypeError(
      `${where}: forward kept ${of.parameters ? 'for a wrt' : 'for no wrt'}, and the call has ${parameters ? 'one' : 'none'}; give both the same.`,
    )
  for (const name of sizeNames) {
    const [before, now] = [of.call.sizes[name], call.sizes[name]]
    if (before !== now)
      throw new RangeError(`${where}: forward kept for ${name} ${before}, and the call has ${name} ${now}.`)
  }
  for (const name of ['lengths', 'queryLengths'] as const)
    if (differ(of.call[name], call[name]))
      throw new RangeError(
        `${where}: forward kept for ${name} ${inWords(of.call[name])}, and the call has ${inWords(call[name])}.`,
      )
  return kept as KeptForward<Buffer>
}

/** Contents of buffers are not known. */
const differ = (one: CheckedLengths, other: CheckedLengths): boolean =>
  (one === undefined) !== (other === undefined) ||
  (one instanceof Uint32Array && other instanceof Uint32Array && one.join() !== other.join())

const inWords = (lengths: CheckedLengths): string =>
  lengths instanceof Uint32Array ? `[${lengths.join(', ')}]` : lengths === undefined ? 'none' : 'in a buffer'
