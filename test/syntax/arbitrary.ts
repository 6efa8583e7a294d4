// Syntax trees as the parser makes them, with places left at 0.
import * as fc from 'fast-check'
import type {
  BinaryOperator,
  Blocks,
  Declaration,
  Expression,
  FeatureBody,
  File,
  Name,
  Setting,
} from '../../compiler/syntax/ast.ts'

const span = { start: 0, end: 0 }

/** Words of the language are names too. */
const nameText = fc.oneof(
  { weight: 2, arbitrary: fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,6}$/) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('feature', 'attention', 'query', 'key', 'kernel', 'dim', 'x', 'w'),
  },
)
const name: fc.Arbitrary<Name> = nameText.map((text) => ({ kind: 'name', text, span }))

const number: fc.Arbitrary<Expression> = fc
  .stringMatching(/^(0|[1-9]\d{0,5})(\.\d{1,4})?([eE][+-]?\d{1,2})?$/)
  .map((text) => ({ kind: 'number', text, value: Number(text), span }))

const reference: fc.Arbitrary<Expression> = nameText.map((name) => ({ kind: 'reference', name, span }))

const operators: readonly BinaryOperator[] = [
  '||',
  '&&',
  '<',
  '<=',
  '>',
  '>=',
  '==',
  '!=',
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
]

export const expression: fc.Arbitrary<Expression> = fc.letrec<{ tree: Expression }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6, depthIdentifier: 'tree', withCrossShrink: true },
    number,
    reference,
    fc
      .tuple(name, fc.array(tie('tree'), { maxLength: 3, depthIdentifier: 'tree' }))
      .map(([callee, args]): Expression => ({ kind: 'call', callee, args, span })),
    fc
      .tuple(tie('tree'), tie('tree'), fc.option(tie('tree'), { nil: undefined }))
      .map(([operand, start, end]): Expression => ({
        kind: 'index',
        operand,
        start,
        ...(end && { end }),
        span,
      })),
    fc
      .tuple(fc.constantFrom<'-' | '!'>('-', '!'), tie('tree'))
      .map(([operator, operand]): Expression => ({ kind: 'unary', operator, operand, span })),
    fc
      .tuple(fc.constantFrom(...operators), tie('tree'), tie('tree'))
      .map(([operator, left, right]): Expression => ({ kind: 'binary', operator, left, right, span })),
  ),
})).tree

const blocks: fc.Arbitrary<Blocks> = fc.oneof(
  expression.map((item): Blocks => ({ kind: 'blocks', bracketed: false, items: [item], span })),
  fc
    .array(expression, { minLength: 1, maxLength: 4 })
    .map((items): Blocks => ({ kind: 'blocks', bracketed: true, items, span })),
)

// A body that begins with the word `query` is asymmetric, so no other begins so.
const beginsWithQuery = ({ bracketed, items }: Blocks): boolean => {
  let tree = items[0]
  while (tree?.kind === 'binary' || tree?.kind === 'index')
    tree = tree.kind === 'index' ? tree.operand : tree.left
  return (
    !bracketed &&
    (tree?.kind === 'reference' ? tree.name : tree?.kind === 'call' && tree.callee.text) === 'query'
  )
}

const feature: fc.Arbitrary<Declaration> = fc
  .record({
    name,
    parameters: fc.array(name, { maxLength: 3 }),
    body: fc.oneof(
      blocks
        .filter((body) => !beginsWithQuery(body))
        .map((body) => ({ kind: 'shared' as const, body, span })),
      fc.record({
        kind: fc.constant('asymmetric' as const),
        query: blocks,
        key: blocks,
        span: fc.constant(span),
      }),
    ),
  })
  .map((parts) => ({ kind: 'feature', ...parts, span }))

const definition: fc.Arbitrary<Declaration> = fc
  .record({ name, parameters: fc.array(name, { maxLength: 3 }), body: expression })
  .map((parts) => ({ kind: 'function', ...parts, span }))

/** What may follow side by side without reading as more of what stands before it. */
const follower = fc.oneof(number, reference)

const named = (text: string): Name => ({ kind: 'name', text, span })

/** A feature in place that is more than one expression. */
const inPlace: fc.Arbitrary<Setting> = fc
  .oneof(
    blocks.filter(({ bracketed }) => bracketed).map((body): FeatureBody => ({ kind: 'shared', body, span })),
    fc.record({
      kind: fc.constant('asymmetric' as const),
      query: blocks,
      key: blocks,
      span: fc.constant(span),
    }),
  )
  .map((body): Setting => {
    const items = body.kind === 'shared' ? body.body.items : [...body.query.items, ...body.key.items]
    return { kind: 'setting', key: named('feature'), value: { kind: 'value', items, body, span }, span }
  })

/** Members with commas between, each of which begins with a name. */
const list: fc.Arbitrary<Setting> = fc
  .record({
    key: fc.constantFrom('inputs', 'weights').map(named),
    members: fc.array(fc.tuple(reference, fc.array(follower, { maxLength: 2 })), {
      minLength: 2,
      maxLength: 9,
    }),
  })
  .map(({ key, members }): Setting => {
    const items = members.map(([first, more]) => [first, ...more])
    const commas = items.slice(1).map((_, n) => items.slice(0, n + 1).flat().length)
    return { kind: 'setting', key, value: { kind: 'value', items: items.flat(), commas, span }, span }
  })

const plain: fc.Arbitrary<Setting> = fc
  .record({ key: name, first: expression, more: fc.array(follower, { maxLength: 3 }) })
  .map(({ key, first, more }) => ({
    kind: 'setting',
    key,
    value: { kind: 'value', items: [first, ...more], span },
    span,
  }))

const setting = fc.oneof({ arbitrary: plain, weight: 4 }, inPlace, list)

const attention: fc.Arbitrary<Declaration> = fc
  .record({ name, settings: fc.array(setting, { maxLength: 5 }) })
  .map((parts) => ({ kind: 'attention', ...parts, span }))

export const file: fc.Arbitrary<File> = fc
  .array(fc.oneof(feature, definition, attention), { maxLength: 4 })
  .map((declarations) => ({ kind: 'file', declarations, comments: [], span }))
