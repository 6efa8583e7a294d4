/**
 * CST to AST. After a syntax error the CST has holes: an expression with a hole
 * becomes no expression at all, and what contains it says that it is incomplete,
 * so that semantics neither guesses nor complains twice.
 */
import type { CstNode, IToken } from 'chevrotain'
import type { Span } from '../diagnostics/diagnostic.ts'
import type {
  AttentionDeclaration,
  Blocks,
  Comment,
  Declaration,
  Expression,
  FeatureBody,
  FeatureDeclaration,
  File,
  Name,
  Setting,
} from './ast.ts'
import { arrange, isBinaryOperator } from './precedence.ts'
import type { Operand } from './precedence.ts'
import { spanOf } from './scan.ts'

/** Whether a syntax error lies between two offsets. */
export type Damaged = (span: Span) => boolean

/** The file, its declarations in the order of the text; `length` is that of the text. */
export function buildFile(
  cst: CstNode,
  comments: readonly Comment[],
  length: number,
  damaged: Damaged,
): File {
  const whole = { start: 0, end: length }
  const found: Declaration[] = [
    ...nodes(cst, 'feature').flatMap((node) => feature(node, damaged)),
    ...nodes(cst, 'attention').flatMap((node) => attention(node, damaged)),
  ]
  const declarations = found.sort((a, b) => a.span.start - b.span.start)
  const file: File = { kind: 'file', declarations, comments, span: whole }
  return damaged(whole) ? { ...file, incomplete: true } : file
}

function feature(node: CstNode, damaged: Damaged): FeatureDeclaration[] {
  const [name] = names(node, 'Name')
  if (name === undefined) return []
  const span = spanOfNode(node)
  const shared = nodes(node, 'shared')[0]
  const query = nodes(node, 'query')[0]
  const key = nodes(node, 'key')[0]
  const bodySpan: Span = { start: spanOfNode(shared ?? query ?? node).start, end: span.end }
  const body: FeatureBody =
    query === undefined
      ? { kind: 'shared', body: blocks(shared, bodySpan), span: bodySpan }
      : { kind: 'asymmetric', query: blocks(query, bodySpan), key: blocks(key, bodySpan), span: bodySpan }
  const declaration: FeatureDeclaration = {
    kind: 'feature',
    name,
    parameters: names(node, 'parameter'),
    body,
    span,
  }
  const complete =
    body.kind === 'shared' ? body.body.items.length > 0 : body.query.items.length * body.key.items.length > 0
  return [damaged(span) || !complete ? { ...declaration, incomplete: true } : declaration]
}

function blocks(node: CstNode | undefined, elsewhere: Span): Blocks {
  if (node === undefined) return { kind: 'blocks', bracketed: false, items: [], span: elsewhere }
  const items = nodes(node, 'expression').map(expression)
  return {
    kind: 'blocks',
    bracketed: tokens(node, 'LeftBracket').length > 0,
    items: isWhole(items) ? items : [],
    span: spanOfNode(node),
  }
}

function attention(node: CstNode, damaged: Damaged): AttentionDeclaration[] {
  const [name] = names(node, 'Name')
  if (name === undefined) return []
  const span = spanOfNode(node)
  const settings = nodes(node, 'setting').flatMap((child) => setting(child, damaged))
  const declaration: AttentionDeclaration = { kind: 'attention', name, settings, span }
  return [damaged(span) ? { ...declaration, incomplete: true } : declaration]
}

function setting(node: CstNode, damaged: Damaged): Setting[] {
  const [key] = names(node, 'Name')
  if (key === undefined) return []
  const span = spanOfNode(node)
  const value = nodes(node, 'value')[0]
  const items = value === undefined ? [] : nodes(value, 'expression').map(expression)
  const valueSpan = value === undefined ? { start: span.end, end: span.end } : spanOfNode(value)
  return [
    {
      kind: 'setting',
      key,
      value: { kind: 'value', items: isWhole(items) && !damaged(span) ? items : [], span: valueSpan },
      span,
    },
  ]
}

function expression(node: CstNode): Expression | undefined {
  const operands = nodes(node, 'operand').map(operand)
  const operators = tokens(node, 'InfixOperator').map(({ image }) => image)
  if (!isWhole(operands) || !operators.every(isBinaryOperator)) return undefined
  return operands.length === operators.length + 1 ? arrange(operands, operators) : undefined
}

function operand(node: CstNode): Operand | undefined {
  const inner = nodes(node, 'primary')[0]
  const built = inner === undefined ? undefined : primary(inner)
  if (built === undefined) return undefined
  const signs = tokens(node, 'PrefixOperator').map(({ image, startOffset }) => ({
    operator: image === '!' ? ('!' as const) : ('-' as const),
    start: startOffset,
  }))
  return { signs, primary: built }
}

function primary(node: CstNode): Expression | undefined {
  const [literal] = tokens(node, 'Number')
  if (literal !== undefined)
    return { kind: 'number', text: literal.image, value: numberOf(literal.image), span: spanOf(literal) }
  const [inner] = nodes(node, 'expression')
  if (inner !== undefined) {
    const built = expression(inner)
    // The brackets belong to the place of what they enclose: an underlined operand is underlined whole.
    return built && { ...built, span: spanOfNode(node) }
  }
  const [name] = names(node, 'Name')
  if (name === undefined) return undefined
  const [list] = nodes(node, 'args')
  if (list === undefined) return { kind: 'reference', name: name.text, span: name.span }
  const args = nodes(list, 'expression').map(expression)
  return isWhole(args) ? { kind: 'call', callee: name, args, span: spanOfNode(node) } : undefined
}

/** A number that the scanner has complained about stands for 1. */
function numberOf(text: string): number {
  const value = Number(text)
  return Number.isFinite(value) ? value : 1
}

const isWhole = <T>(items: readonly (T | undefined)[]): items is readonly T[] => !items.includes(undefined)

const isToken = (element: CstNode | IToken): element is IToken => 'image' in element

const nodes = (parent: CstNode, label: string): CstNode[] =>
  (parent.children[label] ?? []).filter((element): element is CstNode => !isToken(element))

/** Without those that error recovery made up. */
const tokens = (parent: CstNode, label: string): IToken[] =>
  (parent.children[label] ?? []).filter(
    (element): element is IToken => isToken(element) && element.image !== '',
  )

const names = (parent: CstNode, label: string): Name[] =>
  tokens(parent, label).map((token) => ({ kind: 'name', text: token.image, span: spanOf(token) }))

function spanOfNode(node: CstNode): Span {
  const { startOffset = 0, endOffset = startOffset - 1 } = node.location ?? {}
  const start = Number.isFinite(startOffset) ? startOffset : 0
  return { start, end: Number.isFinite(endOffset) ? Math.max(start, endOffset + 1) : start }
}
