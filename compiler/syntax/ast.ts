/**
 * The abstract syntax tree: what was written, with the place of every node.
 * Nothing is resolved and nothing is typed here; names are as spelt.
 * Spans are half-open ranges of the source text, in UTF-16 code units.
 * Equality of trees (the round trip of `attnc fmt`) ignores spans.
 */
import type { Span } from '../diagnostics/diagnostic.ts'

/** A whole file. */
export interface File {
  readonly kind: 'file'
  readonly declarations: readonly Declaration[]
  /** Every comment, in order; the printer keeps them beside what they stood beside. */
  readonly comments: readonly Comment[]
  readonly span: Span
  /** A syntax error lies within: what seems to be missing may have been written. So below. */
  readonly incomplete?: true
  /** Names of features whose declaration begins with another word, as `featur f(x) = …` does. */
  readonly hidden?: readonly Name[]
}

/** From `#` to the end of the line. */
export interface Comment {
  /** Without the leading `#`. */
  readonly text: string
  readonly span: Span
}

/** A feature, a function or an attention. */
export type Declaration = FeatureDeclaration | FunctionDeclaration | AttentionDeclaration

/** A name where it is declared, set or called. */
export interface Name {
  readonly kind: 'name'
  readonly text: string
  readonly span: Span
}

/** `feature favor(x, w) = …`, or `= query … key …` with two bodies. */
export interface FeatureDeclaration {
  readonly kind: 'feature'
  readonly name: Name
  readonly parameters: readonly Name[]
  readonly body: FeatureBody
  readonly span: Span
  readonly incomplete?: true
}

/** `def unit(x) = …`: a function of the file. */
export interface FunctionDeclaration {
  readonly kind: 'function'
  readonly name: Name
  readonly parameters: readonly Name[]
  /** Absent where there was a syntax error in it. */
  readonly body?: Expression
  readonly span: Span
  readonly incomplete?: true
}

/** φ for queries and keys alike, or one for each. */
export type FeatureBody =
  | { readonly kind: 'shared'; readonly body: Blocks; readonly span: Span }
  | { readonly kind: 'asymmetric'; readonly query: Blocks; readonly key: Blocks; readonly span: Span }

/** One expression, or `[e1, e2, …]`. */
export interface Blocks {
  readonly kind: 'blocks'
  readonly bracketed: boolean
  readonly items: readonly Expression[]
  readonly span: Span
}

/** `attention performer { … }` */
export interface AttentionDeclaration {
  readonly kind: 'attention'
  readonly name: Name
  readonly settings: readonly Setting[]
  readonly span: Span
  readonly incomplete?: true
}

/** `key: value`; the value is held as one shape, and what it means is semantics. */
export interface Setting {
  readonly kind: 'setting'
  readonly key: Name
  readonly value: SettingValue
  readonly span: Span
}

/**
 * Expressions side by side: `1 / sqrt(dim)` is one item, `256 orthogonal seed 42`
 * four (a number, two references and a number), `max 1e-4` two, `causal` one
 * reference. A value ends where the next `name :` or the closing brace begins.
 * No items: there was a syntax error in the value.
 */
export interface SettingValue {
  readonly kind: 'value'
  readonly items: readonly Expression[]
  /** Of a list: indexes of the items that have a comma before them. */
  readonly commas?: readonly number[]
  /** Of a feature in place that is more than one expression; its blocks are the items. */
  readonly body?: FeatureBody
  readonly span: Span
}

/** An expression of a value or a body. */
export type Expression = NumberLiteral | Reference | Call | Index | Unary | Binary

/** `1e-4`; a sign before it is an operator. */
export interface NumberLiteral {
  readonly kind: 'number'
  /** As written, so that printing it changes nothing. */
  readonly text: string
  readonly value: number
  readonly span: Span
}

/** A name that stands alone. */
export interface Reference {
  readonly kind: 'reference'
  readonly name: string
  readonly span: Span
}

/** `dot(q, k)` */
export interface Call {
  readonly kind: 'call'
  readonly callee: Name
  readonly args: readonly Expression[]
  readonly span: Span
}

/** `x[3]`, or `x[0:16]` with the end excluded. */
export interface Index {
  readonly kind: 'index'
  readonly operand: Expression
  readonly start: Expression
  readonly end?: Expression
  readonly span: Span
}

/** A sign or `!` before an operand. */
export interface Unary {
  readonly kind: 'unary'
  readonly operator: '-' | '!'
  readonly operand: Expression
  readonly span: Span
}

/** An operator between two operands. */
export interface Binary {
  readonly kind: 'binary'
  readonly operator: BinaryOperator
  readonly left: Expression
  readonly right: Expression
  readonly span: Span
}

/** As the file spells it; `precedence.ts` has the order. */
export type BinaryOperator =
  '||' | '&&' | '<' | '<=' | '>' | '>=' | '==' | '!=' | '+' | '-' | '*' | '/' | '%' | '^'

/** The expressions directly below one. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'number':
    case 'reference':
      return []
    case 'call':
      return expression.args
    case 'index': {
      const { operand, start, end } = expression
      return [operand, start, ...(end === undefined ? [] : [end])]
    }
    case 'unary':
      return [expression.operand]
    case 'binary':
      return [expression.left, expression.right]
  }
}
