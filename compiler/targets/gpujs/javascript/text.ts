/** Texts of integers as parts of others, and lines within a block. */

/** What divides, in parentheses where it is more than a word. */
export const divisorOf = (text: string): string => (/^[~\w.]+$/.test(text) ? text : `(${text})`)

/** In parentheses where it is a sum or a difference; products stand on their own. */
export const group = (text: string): string => (isSum(text) ? `(${text})` : text)

/** Whether a sum or difference is outside of all parentheses. */
function isSum(text: string): boolean {
  let depth = 0
  for (let place = 0; place < text.length; place++) {
    const letter = text.charAt(place)
    if ('(['.includes(letter)) depth++
    if (')]'.includes(letter)) depth--
    if (depth === 0 && place > 0 && (letter === '+' || letter === '-')) return true
  }
  return text.startsWith('-')
}

/** One level deeper. */
export const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`)
