/**
 * The words of the language. Every word that the grammar expects somewhere is
 * also a name everywhere else, so `feature kernel(x) = x` is a feature called
 * `kernel`: the categories below say so, and no word is reserved.
 */
import { createToken, Lexer, tokenMatcher } from 'chevrotain'
import type { ILexerConfig, IToken, TokenType } from 'chevrotain'

/** Words of the language are names too, where a name is expected. */
export const Name = createToken({ name: 'Name', pattern: /[A-Za-z_][A-Za-z0-9_]*/, label: 'a name' })

const word = (name: string, text: string): TokenType =>
  createToken({ name, pattern: new RegExp(text), longer_alt: Name, categories: Name, label: `\`${text}\`` })

/** Begins a declaration; names elsewhere, like the words below. */
export const Feature = word('Feature', 'feature')
/** Begins a declaration. */
export const Attention = word('Attention', 'attention')
/** Begins the declaration of a function. */
export const Def = word('Def', 'def')
/** Before φ of queries, where keys have another. */
export const Query = word('Query', 'query')
/** Before φ of keys. */
export const Key = word('Key', 'key')

/** A number must not run on into letters or a second point: `12abc` is one mistake, not two tokens. */
export const Number = createToken({
  name: 'Number',
  pattern: /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![A-Za-z0-9_.])/,
  label: 'a number',
})

/** Parsed as a number, so that the rest of the expression is still understood. */
export const MalformedNumber = createToken({
  name: 'MalformedNumber',
  pattern: /\d[A-Za-z0-9_.]*/,
  categories: Number,
})

const abstract = (name: string): TokenType => createToken({ name, pattern: Lexer.NA })

/** The category of operators between two operands. */
export const InfixOperator = abstract('InfixOperator')
/** The category of operators before one. */
export const PrefixOperator = abstract('PrefixOperator')

const symbol = (name: string, text: string, categories: TokenType[] = []): TokenType =>
  createToken({ name, pattern: text, categories, label: `\`${text}\`` })

/** `(` */
export const LeftParenthesis = symbol('LeftParenthesis', '(')
/** `)` */
export const RightParenthesis = symbol('RightParenthesis', ')')
/** `[` */
export const LeftBracket = symbol('LeftBracket', '[')
/** `]` */
export const RightBracket = symbol('RightBracket', ']')
/** `{` */
export const LeftBrace = symbol('LeftBrace', '{')
/** `}` */
export const RightBrace = symbol('RightBrace', '}')
/** `,` */
export const Comma = symbol('Comma', ',')
/** `:` */
export const Colon = symbol('Colon', ':')
/** `=` */
export const Equals = symbol('Equals', '=')

/** Between two operands, or before one. */
export const Minus = symbol('Minus', '-', [InfixOperator, PrefixOperator])

const infix = [
  symbol('Or', '||', [InfixOperator]),
  symbol('And', '&&', [InfixOperator]),
  symbol('LessEqual', '<=', [InfixOperator]),
  symbol('GreaterEqual', '>=', [InfixOperator]),
  symbol('EqualEqual', '==', [InfixOperator]),
  symbol('NotEqual', '!=', [InfixOperator]),
  symbol('Less', '<', [InfixOperator]),
  symbol('Greater', '>', [InfixOperator]),
  symbol('Plus', '+', [InfixOperator]),
  Minus,
  symbol('Times', '*', [InfixOperator]),
  symbol('Divide', '/', [InfixOperator]),
  symbol('Remainder', '%', [InfixOperator]),
  symbol('Power', '^', [InfixOperator]),
]

/** `!` */
export const Not = symbol('Not', '!', [PrefixOperator])

/** A byte order mark is white space: editors write it, and nobody sees it. */
const WhiteSpace = createToken({ name: 'WhiteSpace', pattern: /[\s\uFEFF]+/, group: Lexer.SKIPPED })

const Comment = createToken({ name: 'Comment', pattern: /#[^\n\r]*/, group: 'comments' })

/** In the order in which the lexer tries them: longer symbols before their beginnings, words before names. */
export const vocabulary: TokenType[] = [
  WhiteSpace,
  Comment,
  Number,
  MalformedNumber,
  Feature,
  Attention,
  Def,
  Query,
  Key,
  Name,
  ...infix,
  Not,
  Equals,
  LeftParenthesis,
  RightParenthesis,
  LeftBracket,
  RightBracket,
  LeftBrace,
  RightBrace,
  Comma,
  Colon,
  InfixOperator,
  PrefixOperator,
]

/** A test validates the vocabulary, which takes longer than reading a file does. */
export const lexerOptions: ILexerConfig = {
  positionTracking: 'onlyOffset',
  recoveryEnabled: true,
  skipValidations: true,
}

/** Splits text into tokens, and passes over characters that belong to none. */
export const lexer = new Lexer(vocabulary, lexerOptions)

/** Whether a token may stand where a name is expected. */
export const isName = (token: IToken): boolean => tokenMatcher(token, Name)
