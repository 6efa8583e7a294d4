/** What states have in common, whatever they carry: by whom they were made, until when they may be used. */
import { describe } from '../arguments/describe.ts'
import { AttentionError } from '../errors.ts'
import type { Program } from '../program.ts'

/** Made by an attention with one projection; another one after each `redraw`. */
interface Maker {
  /** Of the attention. */
  readonly name: string
}

export abstract class Carried<Contents, By extends Maker = Maker> {
  readonly maker: By
  #contents: Contents | undefined

  constructor(maker: By, contents: Contents) {
    this.maker = maker
    this.#contents = contents
  }

  /** [B] tokens that each batch item has seen. */
  abstract readonly positions: readonly number[]

  get position(): number {
    return Math.max(...this.positions)
  }

  get isDestroyed(): boolean {
    return this.#contents === undefined
  }

  /** @throws AttentionError once the state is destroyed. */
  get contents(): Contents {
    if (this.#contents !== undefined) return this.#contents
    throw new AttentionError(
      'destroyed',
      `This state of ${this.maker.name} was destroyed; go on from a copy, or prefill again.`,
    )
  }

  protected set contents(contents: Contents) {
    this.#contents = contents
  }

  destroy(): void {
    this.#contents = undefined
  }
}

/**
 * A state, where it is one that an attention made with the projection in use.
 *
 * @param kind of the attention's states
 * @param member that goes on from it
 * @throws TypeError where it is another, AttentionError `destroyed`
 */
export function ownState<State extends Carried<unknown>>(
  { name, projection }: Program,
  kind: abstract new (...made: never) => State,
  maker: Maker,
  given: unknown,
  member: 'step' | 'prefill' | 'backward',
): State {
  if (!(given instanceof kind) || given.maker !== maker)
    throw new TypeError(
      `${name}.${member}: the state must be one that prefill of this attention returned` +
        `${projection ? ' since its projection was last drawn' : ''}; it is ${describe(given)}.`,
    )
  // Refused before any work where the state is gone.
  void given.contents
  return given
}
