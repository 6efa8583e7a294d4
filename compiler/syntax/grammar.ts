/**
 * The grammar, as Chevrotain reads it:
 *
 *     file        = (feature | attention)*
 *     feature     = 'feature' Name '(' Name, … ')' '=' (blocks | 'query' blocks 'key' blocks)
 *     blocks      = expression | '[' expression, … ']'
 *     attention   = 'attention' Name '{' setting* '}'
 *     setting     = Name ':' value
 *     value       = expression+            until the next `Name :` or `}`
 *     expression  = operand (InfixOperator operand)*
 *     operand     = PrefixOperator* primary
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
  constructor(errorMessageProvider: IParserErrorMessageProvider) {
    super(tokens.vocabulary, {
      recoveryEnabled: true,
      maxLookahead: 2,
      nodeLocationTracking: 'onlyOffset',
      errorMessageProvider,
    })
    this.performSelfAnalysis()
  }

  readonly file = this.RULE('file', (): void => {
    this.MANY(() => {
      this.OR([{ ALT: () => this.SUBRULE(this.feature) }, { ALT: () => this.SUBRULE(this.attention) }])
    })
  })

  private readonly feature = this.RULE('feature', (): void => {
    this.CONSUME(tokens.Feature)
    this.CONSUME(tokens.Name)
    this.CONSUME(tokens.LeftParenthesis)
    this.MANY_SEP({ SEP: tokens.Comma, DEF: () => this.CONSUME1(tokens.Name, { LABEL: 'parameter' }) })
    this.CONSUME(tokens.RightParenthesis)
    this.CONSUME(tokens.Equals)
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
    this.CONSUME(tokens.Name)
    this.CONSUME(tokens.Colon)
    this.SUBRULE(this.value)
  })

  private readonly value = this.RULE('value', (): void => {
    this.AT_LEAST_ONE({
      GATE: () => !this.endsValue(),
      DEF: () => this.SUBRULE(this.expression),
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
    return (isName(this.LA(1)) && this.LA(2).tokenType === tokens.Colon) || this.startsDeclaration()
  }

  /** A forgotten `}` should not swallow the declaration after it. */
  private startsDeclaration(): boolean {
    const next = this.LA(1).tokenType
    if ((next !== tokens.Feature && next !== tokens.Attention) || !isName(this.LA(2))) return false
    return this.LA(3).tokenType === (next === tokens.Feature ? tokens.LeftParenthesis : tokens.LeftBrace)
  }
}
