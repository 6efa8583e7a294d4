/** From what Chevrotain noticed to what a person is told. */
import { EOF, tokenLabel } from 'chevrotain'
import type { IParserErrorMessageProvider, IRecognitionException, IToken, TokenType } from 'chevrotain'
import type { Diagnostic, Source, Span } from '../diagnostics/diagnostic.ts'
import { messages } from '../diagnostics/messages.ts'
import { nearest } from '../diagnostics/nearest.ts'
import { placeOf } from '../diagnostics/place.ts'
import type { Name } from './ast.ts'
import { spanOf } from './scan.ts'
import * as tokens from './tokens.ts'

/** Thrown out of the parser: each recovery costs stack and time, and nobody reads the hundredth error. */
export class TooManyErrors extends Error {
  override readonly name = 'TooManyErrors'
}

/** Syntax errors of one file, beyond which the parser gives up. */
export const errorLimit = 40

/** Words an exception's `message` as what was expected; the rest of the sentence is the table's. */
export class ExpectationProvider implements IParserErrorMessageProvider {
  private count = 0

  restart(): void {
    this.count = 0
  }

  buildMismatchTokenMessage({ expected, ruleName }: { expected: TokenType; ruleName: string }): string {
    return this.counted(expectations[`${ruleName} ${expected.name}`] ?? tokenLabel(expected))
  }

  buildNotAllInputParsedMessage(): string {
    return this.counted(aDeclaration)
  }

  buildNoViableAltMessage({ customUserDescription }: { customUserDescription?: string }): string {
    return this.counted(customUserDescription ?? aDeclaration)
  }

  buildEarlyExitMessage({ customUserDescription }: { customUserDescription?: string }): string {
    return this.counted(customUserDescription ?? 'more')
  }

  private counted(expected: string): string {
    if (++this.count > errorLimit) throw new TooManyErrors()
    return expected
  }
}

const declarations = ['feature', 'attention', 'def'] as const
const aDeclaration = 'a declaration, `feature`, `def` or `attention`'
const aSetting = 'a setting such as `dim: 64`, or `}`'

/** By rule and token, where the token's own spelling would say too little. */
const expectations: Readonly<Record<string, string>> = {
  [`file ${EOF.name}`]: aDeclaration,
  'attention Name': 'the name of the attention',
  'attention RightBrace': aSetting,
  'head Name': 'a name',
  'head LeftParenthesis': '`(` and the parameters, `(x)` or `(x, w)`',
  'head RightParenthesis': '`,` or `)`',
  'body Key': '`key` and the features of a key',
  'subscript RightBracket': '`]`',
  'blocks RightBracket': '`,` or `]`',
  'setting Colon': '`:` and the value of the setting',
  'primary RightParenthesis': 'an operator or `)`',
  'args RightParenthesis': '`,` or `)`',
}

/** The text that is parsed, and every token of it. */
interface Scanned extends Source {
  readonly tokens: readonly IToken[]
}

/** A syntax error with the place after which it arose. */
export interface SyntaxProblem {
  readonly diagnostic: Diagnostic
  /** Offset of the last token that was understood. */
  readonly after: number
  /** The name of a feature that a misspelt word hides. */
  readonly hidden?: Name
}

/** The diagnostic for an exception of the parser. */
export function problem(exception: IRecognitionException, textEnd: number, scanned: Scanned): SyntaxProblem {
  const { token, message: expected } = exception
  const previous = 'previousToken' in exception ? (exception.previousToken as IToken | undefined) : undefined
  const atEnd = token.tokenType === EOF
  const span: Span = atEnd ? { start: textEnd, end: textEnd } : spanOf(token)
  const found = atEnd ? 'the end of the file' : `\`${shorten(token.image)}\``
  const known = previous !== undefined && Number.isFinite(previous.startOffset)
  return {
    diagnostic: messages.unexpected(
      span,
      expected,
      found,
      help(token, previous, expected, scanned) ?? stillOpen(token, expected, scanned),
    ),
    after: known ? previous.startOffset : Math.max(0, span.start - 1),
    ...(expected === aDeclaration && hiddenBehind(token, scanned)),
  }
}

/** `featur f(x) = …` would have declared f. */
function hiddenBehind(token: IToken, { tokens: all }: Scanned): { readonly hidden: Name } | undefined {
  const name = all[all.indexOf(token) + 1]
  if (name === undefined || !tokens.isName(name) || nearest(token.image, declarations) !== 'feature')
    return undefined
  return { hidden: { kind: 'name', text: name.image, span: spanOf(name) } }
}

const shorten = (image: string): string => (image.length > 30 ? `${image.slice(0, 30)}…` : image)

function help(
  token: IToken,
  previous: IToken | undefined,
  expected: string,
  { text, tokens: all }: Scanned,
): string | undefined {
  switch (token.tokenType) {
    case tokens.LeftBracket:
      return 'a list is the whole body of a feature; write factors inside it, as in `[a * b, a * c]`'
    case tokens.Equals:
      return expected === expectations['setting Colon'] ||
        (expected === aSetting && startsLine(all[all.indexOf(token) - 1], text))
        ? 'a setting is written `name: value`'
        : 'values are compared with `==`'
    case tokens.Comma:
      return expected === aSetting ? 'settings follow one another without commas' : undefined
  }
  if (expected === aDeclaration) {
    const near = nearest(token.image, declarations)
    if (near !== undefined) return `did you mean \`${near}\`?`
  }
  if (token.image === '/' && previous?.image === '/') return 'a comment starts with `#`'
  if (token.image === '*' && previous?.image === '*') return 'a power is written `^`'
  return undefined
}

/** Names do, that were meant as those of settings. */
const startsLine = (token: IToken | undefined, text: string): boolean =>
  token !== undefined && /(?:^|[\n\r{])[^\S\n\r]*$/.test(text.slice(0, token.startOffset))

/** Where what is missing may be a closing bracket lines above, which one was opened. */
function stillOpen(
  token: IToken,
  expected: string,
  { file, text, tokens: all }: Scanned,
): string | undefined {
  const type = token.tokenType
  const inside = expected.includes('`)`') || expected.includes('`]`')
  const between = expected === aSetting && [EOF, tokens.Attention, tokens.Feature, tokens.Def].includes(type)
  if (!inside && !between) return undefined
  const [opening, closing] = inside ? ['([', ')]'] : ['{', '}']
  const end = type === EOF ? text.length : token.startOffset
  const open: IToken[] = []
  for (const one of all) {
    if (one.startOffset >= end) break
    if (opening.includes(one.image)) open.push(one)
    if (closing.includes(one.image)) open.pop()
  }
  const last = open.at(-1)
  if (last === undefined || !/[\r\n]/.test(text.slice(last.startOffset, end))) return undefined
  const { line, column } = placeOf({ file, text }, last.startOffset)
  return `the \`${last.image}\` in line ${line}, column ${column}, is not closed`
}
