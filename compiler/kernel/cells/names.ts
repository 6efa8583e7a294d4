/** Names of a kernel's variables, each given once. */
export class Names {
  readonly #given = new Map<string, number>()

  /** The word, or the word with a number behind it if it is taken. */
  fresh(word: string): string {
    const times = (this.#given.get(word) ?? 0) + 1
    this.#given.set(word, times)
    return times === 1 ? word : `${word}${times}`
  }
}
