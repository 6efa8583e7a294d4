/** How much work calls are, as far as one can tell before: what calls of such sizes have taken. */
import type { Shape } from '../../contract/shape.ts'
import type { Form } from '../../program.ts'

/** Milliseconds of work for which a thread is woken: a few times of what waking and waiting for it costs. */
const SHARE = 0.1

/** Milliseconds for a number that a call reads or writes, where no such call has been. */
const FIRST = 1e-6

/** The work of the calls so far, by form and size. */
export class Paces {
  readonly #milliseconds = new Map<Form, Map<number, number>>()

  /** Threads that pay for a call. */
  threadsFor(form: Form, shape: Shape): number {
    return Math.max(1, Math.floor(this.#expected(form, shape) / SHARE))
  }

  /** Takes down what a call took, all its threads together. */
  note(form: Form, shape: Shape, milliseconds: number): void {
    const known = this.#milliseconds.get(form) ?? new Map<number, number>()
    this.#milliseconds.set(form, known)
    // At most twice as much as before, because a single call may have been interrupted, or the first on cold code.
    known.set(sizeOf(shape), Math.min(milliseconds, 2 * this.#expected(form, shape)))
  }

  #expected(form: Form, shape: Shape): number {
    return (
      this.#milliseconds.get(form)?.get(sizeOf(shape)) ??
      FIRST * form.buffers.reduce((sum, { size }) => sum + size(shape), 0)
    )
  }
}

/** Calls of about the same size have the same: it doubles from one to the next. */
const sizeOf = ({ batch, heads, length, keyLength, offset }: Shape): number =>
  Math.round(Math.log2(batch * heads * length)) * 64 + Math.round(Math.log2(keyLength + offset))
