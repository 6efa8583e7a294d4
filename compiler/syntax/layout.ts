/** Declarations as lines, each with the stretch of source that it stands for, so that comments find their place. */
import type {
  AttentionDeclaration,
  Blocks,
  Comment,
  Declaration,
  FeatureBody,
  FeatureDeclaration,
  File,
  FunctionDeclaration,
  Setting,
  SettingValue,
} from './ast.ts'
import { conditionParts, expressionText, membersOf, settingText, sidesText, valueText } from './text.ts'

/** A line of the printed file. */
export interface Line {
  readonly text: string
  readonly indent: number
  /** Offsets of what it prints; equal offsets in a tree that was never text. */
  readonly start: number
  readonly end: number
  /** Whether a declaration begins here. */
  readonly opens?: true
  /** Whether an empty line may stand before it, if one did in the source. */
  readonly mayPart?: true
  /** Whether it belongs to a declaration that takes several lines. */
  readonly tall: boolean
}

const widest = 100

/** The lines of all declarations. */
export const layout = (file: File): Line[] =>
  file.declarations.flatMap((declaration) => layoutDeclaration(declaration, file.comments))

function layoutDeclaration(declaration: Declaration, comments: readonly Comment[]): Line[] {
  switch (declaration.kind) {
    case 'feature':
      return layoutFeature(declaration, comments)
    case 'function':
      return layoutFunction(declaration)
    case 'attention':
      return layoutAttention(declaration, comments)
  }
}

function layoutFunction({ name, parameters, body, span }: FunctionDeclaration): Line[] {
  const head = `def ${name.text}(${parameters.map(({ text }) => text).join(', ')}) =`
  const text = body === undefined ? head : `${head} ${expressionText(body)}`
  return [{ text, indent: 0, start: span.start, end: span.end, opens: true, tall: false }]
}

function layoutAttention(
  { name, settings, span }: AttentionDeclaration,
  comments: readonly Comment[],
): Line[] {
  const width = Math.max(0, ...settings.map(({ key }) => key.text.length)) + 2
  return [
    {
      text: `attention ${name.text} {`,
      indent: 0,
      start: span.start,
      end: name.span.end,
      opens: true,
      tall: true,
    },
    ...settings.flatMap((setting) => layoutSetting(setting, width, comments)),
    { text: '}', indent: 0, start: Math.max(name.span.end, span.end - 1), end: span.end, tall: true },
  ]
}

/** On one line, or what would pass the margin in parts: a condition by its operands, a list by members or blocks. */
function layoutSetting({ key, value, span }: Setting, width: number, comments: readonly Comment[]): Line[] {
  const label = `${key.text}:`.padEnd(width)
  const { body } = value
  const text = `${label}${settingText(key.text, value)}`
  const whole: Line = { text, indent: 2, start: span.start, end: span.end, mayPart: true, tall: true }
  if (body !== undefined) {
    const commented = comments.some(({ span }) => body.span.start < span.start && span.end < body.span.end)
    return text.length + whole.indent > widest || commented
      ? layoutBody(label, whole, body, span.start)
      : [whole]
  }
  if (value.commas !== undefined) return layoutList(label, whole, value, width)
  const [only, ...others] = value.items
  if (text.length + whole.indent <= widest || only === undefined || others.length > 0) return [whole]
  const [first, ...more] = conditionParts(only)
  if (first === undefined || more.length === 0) return [whole]
  const operators = '|| '.length
  return [
    { ...whole, text: `${label}${first.text}`, end: first.tree.span.end },
    ...more.map(({ text, tree }): Line => ({
      text,
      indent: whole.indent + width - operators,
      start: tree.span.start,
      end: tree.span.end,
      tall: true,
    })),
  ]
}

/** The blocks of a feature in place, one a line; those of a key begin under those of a query. */
function layoutBody(label: string, whole: Line, body: FeatureBody, start: number): Line[] {
  const parts = (head: string, blocks: Blocks, from?: number): Line[] => {
    const lines = layoutBlocks(head, `${head}${sideText(blocks)}`, blocks, whole.indent, from, false)
    return lines
  }
  if (body.kind === 'shared') return parts(label, body.body, start)
  const [query, key] = [`${label}query `, `${' '.repeat(label.length)}key `]
  return [...parts(query, body.query, start), ...parts(key, body.key)]
}

const sideText = (blocks: Blocks): string =>
  sidesText({ kind: 'shared', body: blocks, span: blocks.span }).join(' ')

/** Members of a list, broken after commas where a line would pass the margin. */
function layoutList(label: string, whole: Line, value: SettingValue, width: number): Line[] {
  const members = membersOf(value)
  const texts = members.map((items, index) => `${valueText(items)}${index < members.length - 1 ? ',' : ''}`)
  const lines: Line[] = []
  texts.forEach((text, index) => {
    const items = members[index] ?? []
    const end = items.at(-1)?.span.end ?? whole.end
    const last = lines.at(-1)
    if (last !== undefined && last.text.length + 1 + text.length + last.indent <= widest)
      lines[lines.length - 1] = { ...last, text: `${last.text} ${text}`, end }
    else if (last === undefined) lines.push({ ...whole, text: `${label}${text}`, end })
    else
      lines.push({
        text,
        indent: whole.indent + width,
        start: items[0]?.span.start ?? whole.start,
        end,
        tall: true,
      })
  })
  return lines
}

function layoutFeature(declaration: FeatureDeclaration, comments: readonly Comment[]): Line[] {
  const { name, parameters, body, span } = declaration
  const head = `feature ${name.text}(${parameters.map(({ text }) => text).join(', ')}) =`
  const sides = sidesText(body)
  const [first = '', second = ''] = sides
  const text = `${head} ${sides.join(' ')}`
  const headEnd = Math.min(...parameters.map((p) => p.span.end))
  // Before `query` there is room for a comment, too, once there are several lines.
  const inner = body.kind === 'shared' ? body.span.start : headEnd
  const commented = comments.some(({ span }) => inner < span.start && span.end < body.span.end)
  if (text.length <= widest && !commented)
    return [{ text, indent: 0, start: span.start, end: span.end, opens: true, tall: false }]
  if (body.kind === 'shared') return layoutBlocks(`${head} `, text, body.body, 0, span.start, true)
  return [
    {
      text: head,
      indent: 0,
      start: span.start,
      end: headEnd,
      opens: true,
      tall: true,
    },
    ...layoutBlocks('query ', first, body.query, 2, undefined, false),
    ...layoutBlocks('key ', second, body.key, 2, undefined, false),
  ]
}

/** A list one block a line; a single expression is not broken, and printed as `text`. */
function layoutBlocks(
  head: string,
  text: string,
  blocks: Blocks,
  indent: number,
  from: number | undefined,
  opens: boolean,
): Line[] {
  const { bracketed, items, span } = blocks
  const start = from ?? span.start
  const first = { indent, start, ...(opens && { opens: true as const }), tall: true }
  if (!bracketed) return [{ ...first, text, end: span.end }]
  const last = items.length - 1
  return [
    { ...first, text: `${head}[`, end: span.start + 1 },
    ...items.map((item, index): Line => ({
      text: `${expressionText(item)}${index < last ? ',' : ''}`,
      indent: indent + 2,
      start: item.span.start,
      end: item.span.end,
      tall: true,
    })),
    { text: ']', indent, start: Math.max(span.start, span.end - 1), end: span.end, tall: true },
  ]
}
