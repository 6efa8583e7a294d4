/**
 * The grammar, as Chevrotain reads it:
 *
 *     file        = (feature | definition | attention)*
 *     feature     = 'feature' Name '(' Name, … ')' '=' body
 *     definition  = 'def' Name '(' Name, … ')' '=' expression
 *     body        = blocks | 'query' blocks 'key' blocks
 *     blocks      = expression | '[' expression, … ']'
 *     attention   = 'attention' Name '{' setting* '}'
 *     setting     = Name ':' (value | body)  a body for `feature`, where it is in brackets or begins with `query`
 *     value       = expression+              until the next `Name :` or `}`; in lists, with commas between
 *     expression  = operand (InfixOperator operand)*
 *     operand     = PrefixOperator* primary subscript*
 *     subscript   = '[' expression [':' expression] ']'
 *     primary     = Number | '(' expression ')' | Name ['(' expression, … ')']
 *
 * An expression is parsed flat and `precedence.ts` makes it a tree: one level
 * of brackets then costs few stack frames, whatever the number of precedences.
 */
import { CstParser } from 'chevrotain'
import type { IParserErrorMessageProvider, TokenType } from 'chevrotain'
import * as tokens from './tokens.ts'
import { isName } from './tokens.ts'

/** The rules above, each a method that consumes tokens and leaves a node of the CST. */
export class Grammar extends CstParser {
  /** The name of the setting that is read. */
  private key = ''
  /** Subscripts that are open: a colon in one is that of a slice. */
  private subscripts = 0

  /** @param skipValidations of the rules, which a test validates: it takes longer than reading a file does */
  constructor(errorMessageProvider: IParserErrorMessageProvider, skipValidations = true) {
    super(tokens.vocabulary, {
      recoveryEnabled: true,
      maxLookahead: 2,
      nodeLocationTracking: 'onlyOffset',
      errorMessageProvider,
      skipValidations,
    })
    this.performSelfAnalysis()
  }

  readonly file = this.RULE('file', (): void => {
    this.MANY(() => {
      this.OR([
        { ALT: () => this.SUBRULE(this.feature) },
        { ALT: () => this.SUBRULE(this.definition) },
        { ALT: () => this.SUBRULE(this.attention) },
      ])
    })
  })

  private readonly feature = this.RULE('feature', (): void => {
    this.CONSUME(tokens.Feature)
    this.SUBRULE(this.head)
    this.SUBRULE(this.body)
  })

  private readonly definition = this.RULE('definition', (): void => {
    this.CONSUME(tokens.Def)
    this.SUBRULE(this.head)
    this.SUBRULE(this.expression)
  })

  private readonly head = this.RULE('head', (): void => {
    this.CONSUME(tokens.Name)
    this.CONSUME(tokens.LeftParenthesis)
    this.MANY_SEP({ SEP: tokens.Comma, DEF: () => this.CONSUME1(tokens.Name, { LABEL: 'parameter' }) })
    this.CONSUME(tokens.RightParenthesis)
    this.CONSUME(tokens.Equals)
  })

  private readonly body = this.RULE('body', (): void => {
    this.OR({
      // `query` is also a name, so the first alternative must win where both fit.
      IGNORE_AMBIGUITIES: true,
      DEF: [
        {
          ALT: () => {
            this.CONSUME(tokens.Query)
            this.SUBRULE(this.blocks, { LABEL: 'query' })
            this.CONSUME(tokens.Key)
            this.SUBRULE1(this.blocks, { LABEL: 'key' })
          },
        },
        { ALT: () => this.SUBRULE2(this.blocks, { LABEL: 'shared' }) },
      ],
      ERR_MSG: 'an expression, or a list `[…]` of them',
    })
  })

  private readonly blocks = this.RULE('blocks', (): void => {
    this.OR({
      DEF: [
        {
          ALT: () => {
            this.CONSUME(tokens.LeftBracket)
            this.AT_LEAST_ONE_SEP({
              SEP: tokens.Comma,
              DEF: () => this.SUBRULE(this.expression),
              ERR_MSG: 'an expression',
            })
            this.CONSUME(tokens.RightBracket)
          },
        },
        { ALT: () => this.SUBRULE1(this.expression) },
      ],
      ERR_MSG: 'an expression, or a list `[…]` of them',
    })
  })

  private readonly attention = this.RULE('attention', (): void => {
    this.CONSUME(tokens.Attention)
    this.CONSUME(tokens.Name)
    this.CONSUME(tokens.LeftBrace)
    this.MANY({ GATE: () => !this.startsDeclaration(), DEF: () => this.SUBRULE(this.setting) })
    this.CONSUME(tokens.RightBrace)
  })

  private readonly setting = this.RULE('setting', (): void => {
    const { image } = this.CONSUME(tokens.Name)
    this.CONSUME(tokens.Colon)
    this.ACTION(() => {
      this.key = image
    })
    this.OR({
      IGNORE_AMBIGUITIES: true,
      // The gate tells the two apart, and what is wrong within a value is the value's to say.
      MAX_LOOKAHEAD: 1,
      DEF: [
        { GATE: () => this.startsBody(), ALT: () => this.SUBRULE(this.body) },
        { ALT: () => this.SUBRULE(this.value) },
      ],
      ERR_MSG: 'a value',
    })
  })

  private readonly value = this.RULE('value', (): void => {
    this.AT_LEAST_ONE({
      GATE: () => !this.endsValue(),
      DEF: () => {
        this.SUBRULE(this.expression)
        this.OPTION({ GATE: () => this.goesOn(), DEF: () => this.CONSUME(tokens.Comma) })
      },
      ERR_MSG: 'a value',
    })
  })

  private readonly expression = this.RULE('expression', (): void => {
    this.SUBRULE(this.operand)
    this.MANY(() => {
      this.CONSUME(tokens.InfixOperator)
      this.SUBRULE1(this.operand)
    })
  })

  private readonly operand = this.RULE('operand', (): void => {
    this.MANY(() => this.CONSUME(tokens.PrefixOperator))
    this.SUBRULE(this.primary)
    this.MANY1(() => this.SUBRULE(this.subscript))
  })

  private readonly subscript = this.RULE('subscript', (): void => {
    this.CONSUME(tokens.LeftBracket)
    this.subscripts++
    try {
      this.SUBRULE(this.expression, { LABEL: 'start' })
      this.OPTION(() => {
        this.CONSUME(tokens.Colon)
        this.SUBRULE1(this.expression, { LABEL: 'end' })
      })
    } finally {
      this.subscripts--
    }
    this.CONSUME(tokens.RightBracket)
  })

  private readonly primary = this.RULE('primary', (): void => {
    this.OR({
      DEF: [
        { ALT: () => this.CONSUME(tokens.Number) },
        {
          ALT: () => {
            this.CONSUME(tokens.LeftParenthesis)
            this.SUBRULE(this.expression)
            this.CONSUME(tokens.RightParenthesis)
          },
        },
        {
          GATE: () => !this.endsValue(),
          ALT: () => {
            this.CONSUME(tokens.Name)
            this.OPTION(() => this.SUBRULE(this.args))
          },
        },
      ],
      ERR_MSG: 'an expression',
    })
  })

  private readonly args = this.RULE('args', (): void => {
    this.CONSUME(tokens.LeftParenthesis)
    this.MANY_SEP({ SEP: tokens.Comma, DEF: () => this.SUBRULE(this.expression) })
    this.CONSUME(tokens.RightParenthesis)
  })

  /** Recovery may close what is open before the next declaration, and not make that a part of this one. */
  protected override canTokenTypeBeInsertedInRecovery(type: TokenType): boolean {
    const closes =
      type === tokens.RightParenthesis || type === tokens.RightBracket || type === tokens.RightBrace
    return closes || !this.startsDeclaration()
  }

  /** Words that are names elsewhere end what comes before them where they begin a setting or a declaration. */
  private endsValue(): boolean {
    const setting = this.subscripts === 0 && isName(this.LA(1)) && this.LA(2).tokenType === tokens.Colon
    return setting || this.startsDeclaration()
  }

  /** Whether the value of a `feature` is a body: a list, or two sides; a name or one expression is a value as others. */
  private startsBody(): boolean {
    if (this.key !== 'feature') return false
    const [first, second] = [this.LA(1).tokenType, this.LA(2)]
    if (first !== tokens.Query) return first === tokens.LeftBracket
    if (isName(second)) return this.LA(3).tokenType !== tokens.Colon
    return beginsOperand.has(second.tokenType)
  }

  /** Whether a comma parts two members of a list, and no more settings. */
  private goesOn(): boolean {
    if (!listed.has(this.key)) return false
    const next = this.LA(2)
    return isName(next) && this.LA(3).tokenType !== tokens.Colon
  }

  /** A forgotten `}` should not swallow the declaration after it. */
  private startsDeclaration(): boolean {
    const opens = opening.get(this.LA(1).tokenType)
    return opens !== undefined && isName(this.LA(2)) && this.LA(3).tokenType === opens
  }
}

/** What comes behind the name of a declaration. */
const opening: ReadonlyMap<TokenType, TokenType> = new Map([
  [tokens.Feature, tokens.LeftParenthesis],
  [tokens.Def, tokens.LeftParenthesis],
  [tokens.Attention, tokens.LeftBrace],
])

/** Settings whose values are lists. */
const listed: ReadonlySet<string> = new Set(['inputs', 'weights'])

const beginsOperand: ReadonlySet<TokenType> = new Set([
  tokens.LeftBracket,
  tokens.LeftParenthesis,
  tokens.Number,
  tokens.MalformedNumber,
  tokens.Minus,
  tokens.Not,
])
