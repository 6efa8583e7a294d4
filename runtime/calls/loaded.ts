/** What is loaded when it is first asked for. */

export class Loaded<T> {
  /** Once it is there, so that whoever asks need not wait. */
  now: T | undefined
  #loading: Promise<T> | undefined

  /** Once, however many ask meanwhile; anew where that failed. */
  load(open: () => Promise<T>): Promise<T> {
    return (this.#loading ??= open()
      .then((opened) => (this.now = opened))
      .finally(() => (this.#loading = undefined)))
  }
}
