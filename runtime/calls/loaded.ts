/** What is loaded when it is first asked for. */
import { withOwn } from './own-call.ts'

export class Loaded<T> {
  /** Once it is there, so that whoever asks need not wait. */
  now: T | undefined
  readonly #open: () => Promise<T>
  #loading: Promise<T> | undefined

  constructor(open: () => Promise<T>) {
    this.#open = open
  }

  /** Once, however many ask meanwhile; anew where that failed. */
  load(): Promise<T> {
    return (this.#loading ??= this.#open().then(
      (opened) => (this.now = opened),
      (thrown: unknown) => {
        this.#loading = undefined
        throw thrown
      },
    ))
  }

  /**
   * What a call of it gives: at once where it is there, else of a copy of what the caller may change meanwhile.
   *
   * @param own whether the call is such a copy already, as `run` is told
   */
  with<Call, R>(
    call: Call,
    run: (loaded: T, call: Call, own: boolean) => Promise<R>,
    own = false,
  ): Promise<R> {
    const { now } = this
    if (now) return run(now, call, own)
    const wait = async (held: Call): Promise<R> => run(await this.load(), held, true)
    return own ? wait(call) : withOwn(call, wait)
  }
}
