/**
 * Text to tokens, and the limits that keep every later stage's recursion and
 * time bounded: the size of a file, the depth of its brackets, the operators of
 * one expression. A text beyond a limit is rejected here, before parsing.
 */
import type { IToken } from 'chevrotain'
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'
import { messages } from '../diagnostics/messages.ts'
import type { Comment } from './ast.ts'
import * as tokens from './tokens.ts'

/** Beyond these a file is refused. */
export const limits = {
  /** UTF-16 code units of a file. */
  characters: 100_000,
  /** Brackets open at once. */
  nesting: 200,
  /** Operators in one setting's value or one feature's body: the tree may be as deep as that. */
  operators: 1000,
} as const

/** The tokens of a file, and the errors found before parsing. */
export interface Scanned {
  readonly tokens: IToken[]
  readonly comments: readonly Comment[]
  readonly diagnostics: readonly Diagnostic[]
  /** Whether the tokens are within the limits, so that the parser may see them. */
  readonly parsable: boolean
}

/** Where a token stands. */
export const spanOf = (token: IToken): Span => ({
  start: token.startOffset,
  end: token.startOffset + token.image.length,
})

/** Tokens and comments, or a refusal. */
export function scan(text: string): Scanned {
  const refusal = refuse(text)
  if (refusal !== undefined) return { tokens: [], comments: [], diagnostics: [refusal], parsable: false }
  const result = tokens.lexer.tokenize(text)
  // The lexer leaves the ends out, and the parser wants them for the places of its nodes.
  for (const token of result.tokens) token.endOffset = token.startOffset + token.image.length - 1
  nameKeys(result.tokens)
  const illegal = result.errors.map(({ offset, length }) =>
    messages.illegalCharacter({ start: offset, end: offset + length }, text.slice(offset, offset + length)),
  )
  const beyond = beyondLimits(result.tokens)
  return {
    tokens: result.tokens,
    comments: (result.groups['comments'] ?? []).map((token) => ({
      text: token.image.slice(1).trimEnd(),
      span: spanOf(token),
    })),
    diagnostics: [...illegal, ...result.tokens.flatMap(badNumber), ...(beyond === undefined ? [] : [beyond])],
    parsable: beyond === undefined,
  }
}

/** `feature:` begins a setting; taken for a declaration, it would lead error recovery out of the attention. */
function nameKeys(all: readonly IToken[]): void {
  all.forEach((token, index) => {
    if (![tokens.Feature, tokens.Attention, tokens.Def].includes(token.tokenType)) return
    if (all[index + 1]?.tokenType === tokens.Colon) {
      token.tokenType = tokens.Name
      token.tokenTypeIdx = tokens.Name.tokenTypeIdx ?? token.tokenTypeIdx
    }
  })
}

/** What is no specification at all is not worth a list of its illegal characters. */
function refuse(text: string): Diagnostic | undefined {
  const nul = text.indexOf('\0')
  if (nul >= 0) return messages.notText({ start: nul, end: nul + 1 })
  const { characters } = limits
  if (text.length > characters)
    return messages.fileTooLong({ start: characters, end: characters + 1 }, characters)
  return undefined
}

function badNumber(token: IToken): Diagnostic[] {
  if (token.tokenType === tokens.MalformedNumber)
    return [messages.malformedNumber(spanOf(token), token.image)]
  if (token.tokenType === tokens.Number && !Number.isFinite(Number(token.image)))
    return [messages.numberTooLarge(spanOf(token), token.image)]
  return []
}

const opening: ReadonlySet<unknown> = new Set([tokens.LeftParenthesis, tokens.LeftBracket, tokens.LeftBrace])
const closing: ReadonlySet<unknown> = new Set([
  tokens.RightParenthesis,
  tokens.RightBracket,
  tokens.RightBrace,
])
const operators: ReadonlySet<unknown> = new Set(
  tokens.vocabulary.filter(({ CATEGORIES = [] }) =>
    CATEGORIES.some((category) => category === tokens.InfixOperator || category === tokens.PrefixOperator),
  ),
)
/** Where one expression ends and the next begins, as far as tokens alone tell. */
const boundaries: ReadonlySet<unknown> = new Set([
  tokens.Colon,
  tokens.Equals,
  tokens.LeftBrace,
  tokens.RightBrace,
])

function beyondLimits(all: readonly IToken[]): Diagnostic | undefined {
  let depth = 0
  let count = 0
  for (const token of all) {
    const type = token.tokenType
    if (opening.has(type) && ++depth > limits.nesting)
      return messages.nestedTooDeep(spanOf(token), limits.nesting)
    if (closing.has(type) && depth > 0) depth--
    if (boundaries.has(type)) count = 0
    if (operators.has(type) && ++count > limits.operators)
      return messages.expressionTooLong(spanOf(token), limits.operators)
  }
  return undefined
}
