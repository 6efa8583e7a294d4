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
  FunctionDeclaration,
  Name,
  Setting,
  SettingValue,
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
    ...nodes(cst, 'definition').flatMap((node) => definition(node, damaged)),
    ...nodes(cst, 'attention').flatMap((node) => attention(node, damaged)),
  ]
  const declarations = found.sort((a, b) => a.span.start - b.span.start)
  const file: File = { kind: 'file', declarations, comments, span: whole }
  return damaged(whole) ? { ...file, incomplete: true } : file
}

function feature(node: CstNode, damaged: Damaged): FeatureDeclaration[] {
  const { name, parameters } = head(node)
  if (name === undefined) return []
  const span = spanOfNode(node)
  const body = featureBody(nodes(node, 'body')[0], node, span)
  const declaration: FeatureDeclaration = { kind: 'feature', name, parameters, body, span }
  const complete = itemsOf(body).length > 0
  return [damaged(span) || !complete ? { ...declaration, incomplete: true } : declaration]
}

/** The name and the parameters of a declaration. */
function head(node: CstNode): { readonly name: Name | undefined; readonly parameters: readonly Name[] } {
  const [inner] = nodes(node, 'head')
  if (inner === undefined) return { name: undefined, parameters: [] }
  return { name: names(inner, 'Name')[0], parameters: names(inner, 'parameter') }
}

function featureBody(node: CstNode | undefined, around: CstNode, { end }: Span): FeatureBody {
  const side = (label: string): CstNode | undefined => node && nodes(node, label)[0]
  const [shared, query, key] = [side('shared'), side('query'), side('key')]
  const span: Span = { start: spanOfNode(shared ?? query ?? around).start, end }
  return query === undefined
    ? { kind: 'shared', body: blocks(shared, span), span }
    : { kind: 'asymmetric', query: blocks(query, span), key: blocks(key, span), span }
}

/** The blocks of all sides, or none where one has none. */
function itemsOf(body: FeatureBody): readonly Expression[] {
  const sides = body.kind === 'shared' ? [body.body] : [body.query, body.key]
  return sides.some(({ items }) => items.length === 0) ? [] : sides.flatMap(({ items }) => items)
}

function definition(node: CstNode, damaged: Damaged): FunctionDeclaration[] {
  const { name, parameters } = head(node)
  if (name === undefined) return []
  const span = spanOfNode(node)
  const [inner] = nodes(node, 'expression')
  const body = inner && expression(inner)
  const declaration: FunctionDeclaration = {
    kind: 'function',
    name,
    parameters,
    ...(body && { body }),
    span,
  }
  return [damaged(span) || body === undefined ? { ...declaration, incomplete: true } : declaration]
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
  const value = settingValue(node, span.end)
  return [{ kind: 'setting', key, value: damaged(span) ? { ...value, items: [] } : value, span }]
}

function settingValue(node: CstNode, end: number): SettingValue {
  const [body] = nodes(node, 'body')
  if (body !== undefined) {
    const built = featureBody(body, body, spanOfNode(body))
    return { kind: 'value', items: itemsOf(built), body: built, span: spanOfNode(body) }
  }
  const [value] = nodes(node, 'value')
  if (value === undefined) return { kind: 'value', items: [], span: { start: end, end } }
  const items = nodes(value, 'expression').map(expression)
  if (!isWhole(items)) return { kind: 'value', items: [], span: spanOfNode(value) }
  const starts = (items as readonly Expression[]).map(({ span }) => span.start)
  const commas = tokens(value, 'Comma').map(({ startOffset }) =>
    starts.findIndex((start) => start > startOffset),
  )
  return {
    kind: 'value',
    items,
    ...(commas.length > 0 && { commas }),
    span: spanOfNode(value),
  }
}

function expression(node: CstNode): Expression | undefined {
  const operands = nodes(node, 'operand').map(operand)
  const operators = tokens(node, 'InfixOperator').map(({ image }) => image)
  if (!isWhole(operands) || !operators.every(isBinaryOperator)) return undefined
  return operands.length === operators.length + 1 ? arrange(operands, operators) : undefined
}

function operand(node: CstNode): Operand | undefined {
  const inner = nodes(node, 'primary')[0]
  const built = nodes(node, 'subscript').reduce(subscript, inner && primary(inner))
  if (built === undefined) return undefined
  const signs = tokens(node, 'PrefixOperator').map(({ image, startOffset }) => ({
    operator: image === '!' ? ('!' as const) : ('-' as const),
    start: startOffset,
  }))
  return { signs, primary: built }
}

function subscript(operand: Expression | undefined, node: CstNode): Expression | undefined {
  const [start, end] = ['start', 'end'].map((label) => nodes(node, label)[0])
  const [from, to] = [start && expression(start), end && expression(end)]
  if (operand === undefined || from === undefined || (end !== undefined && to === undefined)) return undefined
  const span = { start: operand.span.start, end: spanOfNode(node).end }
  return { kind: 'index', operand, start: from, ...(to && { end: to }), span }
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
