/** What is said where a call would have had threads, and there are none. */

/** Attentions of which it was said. */
const said = new Set<string>()

/** Says it once for each attention, by its name. */
export function sayAlone(name: string, reason: string): void {
  if (said.has(name)) return
  said.add(name)
  // oxlint-disable-next-line no-console -- the interface promises it
  console.info(`attnc: ${name} runs on one thread. ${reason}`)
}
