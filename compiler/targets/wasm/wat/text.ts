/** WAT as folded expressions, laid out for a reader. */

/** An atom, a comment (`;; …`, on a line of its own), or a list in parentheses. */
export type Node = string | readonly Node[]

const width = 110

/** These hold statements, each of which has a line of its own. */
const blocks: ReadonlySet<Node | undefined> = new Set(['module', 'func', 'block', 'loop'])

/** Lines of the node: one where it fits and holds no statements, else its parts below its head, indented. */
export function layOut(node: Node, indent = ''): string[] {
  if (typeof node === 'string') return [`${indent}${node}`]
  const parts = node.findIndex((part, index) => index > 0 && !staysInHead(node, part))
  if (parts === -1 || indent.length + flatWidth(node) <= width) return [`${indent}${flat(node)}`]
  const lines = [
    `${indent}(${node.slice(0, parts).map(flat).join(' ')}`,
    ...localsInLines(node.slice(parts)).flatMap((part) => layOut(part, `${indent}  `)),
  ]
  // A comment would swallow the parenthesis.
  if (isComment(node.at(-1))) return [...lines, `${indent})`]
  return [...lines.slice(0, -1), `${lines.at(-1)})`]
}

const flat = (node: Node): string => (typeof node === 'string' ? node : `(${node.map(flat).join(' ')})`)

const isComment = (node: Node | undefined): boolean => typeof node === 'string' && node.startsWith(';;')

const isLocal = (node: Node | undefined): boolean => typeof node !== 'string' && node?.[0] === 'local'

const heads: ReadonlySet<Node | undefined> = new Set(['func', 'block'])

/** The name, the parameters and the result of a function belong to the line that opens it. */
const staysInHead = (node: readonly Node[], part: Node): boolean =>
  typeof part === 'string'
    ? !isComment(part)
    : heads.has(node[0]) && ['export', 'param', 'result'].includes(String(part[0]))

const widths = new WeakMap<readonly Node[], number>()

/** How wide the node is on one line; infinite where it holds statements or comments. */
function flatWidth(node: Node): number {
  if (typeof node === 'string') return isComment(node) ? Infinity : node.length
  const known = widths.get(node)
  if (known !== undefined) return known
  const found = blocks.has(node[0]) ? Infinity : node.reduce((sum, part) => sum + flatWidth(part) + 1, 1)
  widths.set(node, found)
  return found
}

/** Locals side by side, as many as a line holds. */
function localsInLines(parts: readonly Node[]): readonly Node[] {
  const first = parts.findIndex((part) => !isLocal(part))
  const locals = parts.slice(0, first === -1 ? undefined : first)
  const lines: string[] = []
  for (const text of locals.map(flat)) {
    const last = lines.at(-1)
    if (last === undefined || last.length + text.length > width - 6) lines.push(text)
    else lines[lines.length - 1] = `${last} ${text}`
  }
  return [...lines, ...parts.slice(locals.length)]
}
