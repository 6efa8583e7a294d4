/**
 * The canonical layout: settings' values in a column, one space around infix
 * operators except `^`, no brackets that change nothing, numbers as written,
 * lists and conditions broken where they would pass 100 columns. Comments stay beside or above
 * what they stood beside or above, and single empty lines stay.
 */
import type { File } from './ast.ts'
import { layout } from './layout.ts'
import type { Line } from './layout.ts'

/** `text` is what the tree was parsed from; without it there are no comments and no paragraphs to keep. */
export function print(file: File, text = ''): string {
  const page = new Page(text)
  let next = 0
  const commentsBefore = (offset: number, indent: number): void => {
    for (; ; next++) {
      const comment = file.comments[next]
      if (comment === undefined || comment.span.start >= offset) return
      page.comment(`#${comment.text}`, comment.span.start, comment.span.end, indent)
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
  readonly text: string
  /** Of the source: where it ended. */
  readonly end: number
  /** Whether a comment may be put behind it. */
  readonly open: boolean
  readonly tall: boolean
  /** Whether a brace or a bracket that ends the line opens, or one that begins it closes a declaration. */
  readonly edge: 'opens' | 'closes' | 'none'
}

/** Lines as they are written, and what of the source they have covered. */
class Page {
  private readonly lines: Printed[] = []
  private readonly source: string
  /** Whether comments above a declaration have been set apart already. */
  private led = false

  constructor(source: string) {
    this.source = source
  }

  line({ text, indent, start, end, opens, mayPart, tall }: Line): void {
    const previous = this.lines.at(-1)
    const gap = this.gapBefore(start)
    if (opens === true && !this.led && previous !== undefined) {
      if (tall || previous.tall || this.source === '' || gap) this.blank()
    } else if ((mayPart === true || this.led) && gap) this.blank()
    this.led = false
    const edge = /[[{]$/.test(text) ? 'opens' : text === '}' ? 'closes' : 'none'
    this.lines.push({ text: `${' '.repeat(indent)}${text}`, end, open: true, tall, edge })
  }

  /** Behind the line that it stood behind, else on a line of its own. */
  comment(text: string, start: number, end: number, indent: number): void {
    const previous = this.lines.at(-1)
    if (previous?.open === true && !/[\n\r]/.test(this.source.slice(previous.end, start))) {
      this.lines[this.lines.length - 1] = { ...previous, text: `${previous.text}  ${text}`, end, open: false }
      return
    }
    if (previous?.edge === 'closes' || this.gapBefore(start)) this.blank()
    this.lines.push({ text: `${' '.repeat(indent)}${text}`, end, open: false, tall: false, edge: 'none' })
    this.led = true
  }

  text(): string {
    return this.lines.map(({ text }) => `${text}\n`).join('')
  }

  /** An empty line, except at the top of the page and of a declaration. */
  private blank(): void {
    const previous = this.lines.at(-1)
    if (previous === undefined || previous.text === '' || previous.edge === 'opens') return
    this.lines.push({ ...previous, text: '', open: false, edge: 'none' })
  }

  /** Whether the source has an empty line between what was printed last and an offset. */
  private gapBefore(start: number): boolean {
    const end = this.lines.at(-1)?.end
    return end !== undefined && (this.source.slice(end, start).match(/\r\n|\n|\r/g) ?? []).length > 1
  }
}
