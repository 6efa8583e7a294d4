/**
 * What goes wrong for reasons other than a mistaken argument. Mistaken
 * arguments are `TypeError` (the wrong kind of thing) and `RangeError` (a number
 * or a size that does not fit).
 */
import type { MissingCode } from './contract/backends.ts'

/**
 * Beside those of `MissingCode`, by which backends say that they are missing:
 *
 * - `device-lost`: the device went away; this attention is of no more use
 * - `destroyed`: a call after `destroy()`
 * - `limit`: the device allows less than the call or the program needs
 * - `out-of-memory`: the device had no memory left
 * - `kernel`: the device refused a kernel
 * - `gpu`: the device refused a command, such as one on a buffer of another device
 * - `thread-lost`: a thread of the backend wasm died during the call; the next call has new ones
 * - `range`: a result is beyond what the storage f16 holds
 * - `unprepared`: commands cannot be recorded before what they run has been loaded
 * - `form`: what was compiled has no such way of running
 * - `weights`: run-time weights are missing
 * - `projection`: a state was saved with another projection than this attention has
 * - `backend`: the backend asked for cannot be had, or cannot do this
 * - `program`: the module was written by another version of attnc
 */
export type AttentionErrorCode =
  | MissingCode
  | 'device-lost'
  | 'destroyed'
  | 'limit'
  | 'out-of-memory'
  | 'kernel'
  | 'gpu'
  | 'thread-lost'
  | 'range'
  | 'unprepared'
  | 'form'
  | 'weights'
  | 'projection'
  | 'backend'
  | 'program'

/** Thrown by `create` and by every member of an attention; `code` is stable, the message is for people. */
export class AttentionError extends Error {
  override readonly name = 'AttentionError'
  readonly code: AttentionErrorCode

  constructor(code: AttentionErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** What calls of an attention throw after its `destroy()`. */
export const destroyed = (name: string): AttentionError =>
  new AttentionError('destroyed', `${name} was destroyed. Create a new attention with create().`)

/** By name: what several modules share, such as the search for a device, throws with one module's class. */
export const isAttentionError = (thrown: unknown): thrown is AttentionError =>
  (thrown as Partial<Error> | undefined)?.name === 'AttentionError'

/** The text of whatever was thrown, in whichever realm. */
export const messageOf = (thrown: unknown): string =>
  String((thrown as Partial<Error> | undefined)?.message ?? thrown)
