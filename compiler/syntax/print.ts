/**
 * The canonical layout: settings' values in a column, one space around infix
 * operators except `^`, no brackets that change nothing, numbers as written,
 * lists broken where they would pass 100 columns. Comments stay beside or above
 * what they stood beside or above, and single empty lines stay.
 */
import type { File } from './ast.ts'
import { layout } from './layout.ts'
import type { Line } from './layout.ts'

/** `text` is what the tree was parsed from; without it there are no comments and no paragraphs to keep. */
export function print(file: File, text = ''): string {
  const page = new Page(text)
  const comments = [...file.comments]
  const commentsBefore = (offset: number, indent: number): void => {
    while (comments[0] !== undefined && comments[0].span.start < offset) {
      const { text, span } = comments.shift() ?? comments[0]
      page.comment(`#${text}`, span.start, span.end, indent)
    }
  }
  for (const line of layout(file)) {
    commentsBefore(line.end, line.text === '}' || line.text === ']' ? line.indent + 2 : line.indent)
    page.line(line)
  }
  commentsBefore(Infinity, 0)
  return page.text()
}

interface Printed {
  text: string
  /** Of the source: where it ended. */
  readonly end: number
  /** Whether a comment may be put behind it. */
  readonly open: boolean
  readonly tall: boolean
}

/** Lines as they are written, and what of the source they have covered. */
class Page {
  private readonly lines: Printed[] = []
  private readonly source: string
  /** Whether the declaration that a comment may lead is yet to come. */
  private led = false

  constructor(source: string) {
    this.source = source
  }

  line({ text, indent, start, end, opens, mayPart, tall }: Line): void {
    const previous = this.lines.at(-1)
    if (opens === true && !this.led && previous !== undefined) {
      if (tall || previous.tall || this.source === '' || this.gapBefore(start)) this.blank()
    } else if ((mayPart === true || this.led) && this.gapBefore(start)) this.blank()
    this.led = false
    this.lines.push({ text: `${' '.repeat(indent)}${text}`, end, open: true, tall })
  }

  /** Behind the line that it stood behind, else on a line of its own. */
  comment(text: string, start: number, end: number, indent: number): void {
    const previous = this.lines.at(-1)
    if (previous?.open === true && !/[\n\r]/.test(this.source.slice(previous.end, start))) {
      previous.text += `  ${text}`
      this.lines[this.lines.length - 1] = { ...previous, end, open: false }
      return
    }
    if (previous !== undefined && this.gapBefore(start) && !/[[{]( *#.*)?$/.test(previous.text)) this.blank()
    else if (previous?.text === '}') this.blank()
    this.lines.push({ text: `${' '.repeat(indent)}${text}`, end, open: false, tall: false })
    this.led = true
  }

  text(): string {
    return this.lines.map(({ text }) => `${text}\n`).join('')
  }

  private blank(): void {
    const previous = this.lines.at(-1)
    if (previous !== undefined && previous.text !== '')
      this.lines.push({ ...previous, text: '', open: false })
  }

  /** Whether the source has an empty line between what was printed last and an offset. */
  private gapBefore(start: number): boolean {
    const end = this.lines.at(-1)?.end
    return end !== undefined && (this.source.slice(end, start).match(/\r\n|\n|\r/g) ?? []).length > 1
  }
}
