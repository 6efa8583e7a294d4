/** What a diagnostic's code means, where it stands in place of a spec. */
import { explained, type Explanation } from '../../diagnostics/explanations.ts'
import { nearest } from '../../diagnostics/nearest.ts'
import { usage } from '../failure.ts'
import { type Io, painter } from '../io.ts'
import { printJson } from '../json.ts'

/** Columns of the text, for terminals and for windows side by side. */
const width = 80

/** Whether the word has the form of a code, in capitals or not; no spec is called so. */
export const isCode = (word: string): boolean => /^a\d{4}$/i.test(word)

export function explainCode(io: Io, word: string, json: boolean): void {
  const code = word.toUpperCase()
  const found = explained.find((one) => one.code === code)
  if (found === undefined) {
    const near = nearest(
      code,
      explained.map((one) => one.code),
    )
    throw usage(
      `there is no diagnostic ${code}`,
      near === undefined ? 'attnc check prints the code of each' : `did you mean ${near}?`,
    )
  }
  if (json) printJson(io, found)
  else io.out.write(inWords(io, found))
}

function inWords(io: Io, { code, severity, title, text }: Explanation): string {
  const paint = painter(io.out, io.env)
  const tone = severity === 'error' ? 'red' : 'yellow'
  return `${paint(tone, `${severity} ${code}`)}: ${paint('bold', title)}\n\n${wrapped(text)}\n`
}

function wrapped(text: string): string {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length >= width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines.join('\n')
}
