/** Expressions as text, with the brackets that reading them back needs and no others. */
import type { Blocks, Expression, FeatureBody, SettingValue } from './ast.ts'
import { levelOf, primaryLevel, unaryLevel } from './precedence.ts'

const levelOfTree = (tree: Expression): number => {
  if (tree.kind === 'binary') return levelOf(tree.operator)
  return tree.kind === 'unary' ? unaryLevel : primaryLevel
}

/** One expression, on one line. */
export function expressionText(tree: Expression): string {
  switch (tree.kind) {
    case 'number':
      return tree.text
    case 'reference':
      return tree.name
    case 'call':
      return `${tree.callee.text}(${tree.args.map(expressionText).join(', ')})`
    case 'index': {
      const { operand, start, end } = tree
      const to = end === undefined ? '' : `:${expressionText(end)}`
      return `${atLeast(primaryLevel, operand)}[${expressionText(start)}${to}]`
    }
    case 'unary':
      // A power binds tighter than the sign before it.
      return `${tree.operator}${atLeast(unaryLevel, tree.operand)}`
    case 'binary': {
      const { operator, left, right } = tree
      if (operator === '^') return `${atLeast(primaryLevel, left)}^${atLeast(unaryLevel, right)}`
      const level = levelOf(operator)
      return `${atLeast(level, left)} ${operator} ${atLeast(level + 1, right)}`
    }
  }
}

function atLeast(level: number, tree: Expression): string {
  const text = expressionText(tree)
  return levelOfTree(tree) < level ? `(${text})` : text
}

/** The operands of the outermost `||`, or `&&`, each but the first with that operator before it. */
export function conditionParts(
  tree: Expression,
): readonly { readonly text: string; readonly tree: Expression }[] {
  if (tree.kind !== 'binary' || (tree.operator !== '||' && tree.operator !== '&&'))
    return [{ text: expressionText(tree), tree }]
  const { operator } = tree
  const level = levelOf(operator)
  const operands: Expression[] = []
  let rest: Expression = tree
  while (rest.kind === 'binary' && rest.operator === operator) {
    operands.unshift(rest.right)
    rest = rest.left
  }
  const others = operands.map((operand) => ({
    text: `${operator} ${atLeast(level + 1, operand)}`,
    tree: operand,
  }))
  return [{ text: atLeast(level, rest), tree: rest }, ...others]
}

/** Side by side, with brackets where two would be read as one: `256 (-3)` is no subtraction. */
export const valueText = (items: readonly Expression[], commas: readonly number[] = []): string =>
  items.reduceRight((after, item, index) => {
    const text = expressionText(item)
    const ends = commas.includes(index + 1)
    const begins = index === 0 || commas.includes(index)
    const apart = (!begins && text.startsWith('-')) || (!ends && runsOn(text, after)) ? `(${text})` : text
    return after === '' ? apart : `${apart}${ends ? ',' : ''} ${after}`
  }, '')

/** The value of a setting. What would read as a feature's `query … key …` is in brackets. */
export function settingText(key: string, { items, commas, body }: SettingValue): string {
  if (body !== undefined) return sidesText(body).join(' ')
  const text = valueText(items, commas)
  const [first] = items
  if (key !== 'feature' || first === undefined || !text.startsWith('query')) return text
  const own = expressionText(first)
  const sided = /^query(?:\(|\[| -)/.test(own) || (own === 'query' && items.length > 1)
  return sided ? `(${own})${text.slice(own.length)}` : text
}

/** The members of a list, each on one line. */
export function membersOf({ items, commas = [] }: SettingValue): readonly (readonly Expression[])[] {
  const ends = [...commas, items.length]
  return ends.map((end, index) => items.slice(ends[index - 1] ?? 0, end))
}

/** Whether what is printed behind an expression would make a call or a declaration of its last name. */
const runsOn = (text: string, after: string): boolean =>
  (after.startsWith('(') && /(?<![\w.])[A-Za-z_]\w*$/.test(text)) ||
  (/^[A-Za-z_]\w* ?\(/.test(after) && /(?<!\w)(?:feature|def)$/.test(text))

/** One body, or that of a query and that of a key, each after its word. */
export function sidesText(body: FeatureBody): readonly string[] {
  if (body.kind === 'shared') {
    const text = blocksText(body.body)
    // A body that begins with a name of that spelling is not that of a query.
    return [/^query(?: -|\(|\[)/.test(text) ? `(${text})` : text]
  }
  const [query, key] = [blocksText(body.query), `key ${blocksText(body.key)}`]
  return [`query ${runsOn(query, key) ? `(${query})` : query}`, key]
}

/** The blocks of a feature, on one line. */
export const blocksText = ({ bracketed, items }: Blocks): string =>
  bracketed ? `[${items.map(expressionText).join(', ')}]` : valueText(items)
