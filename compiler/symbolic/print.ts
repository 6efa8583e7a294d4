/**
 * Expressions as text of the language itself, with as few brackets as it reads
 * back right. Component form adds `x[t]` and `sum(t < 64) …`, whose body reaches
 * as far as a product does.
 */
import type { Apply, Expression } from './expression.ts'

const binding = { or: 1, and: 2, compare: 3, add: 4, multiply: 5, negate: 6, power: 7, atom: 8 } as const

type Side = 'left' | 'right' | 'none'

interface Infix {
  readonly sign: string
  readonly level: number
  /** The side on which an operand of the same level needs no brackets. */
  readonly chains: Side
}

const infixes: ReadonlyMap<string, Infix> = new Map([
  ['or', { sign: '||', level: binding.or, chains: 'left' }],
  ['and', { sign: '&&', level: binding.and, chains: 'left' }],
  ['less', { sign: '<', level: binding.compare, chains: 'none' }],
  ['lessEqual', { sign: '<=', level: binding.compare, chains: 'none' }],
  ['greater', { sign: '>', level: binding.compare, chains: 'none' }],
  ['greaterEqual', { sign: '>=', level: binding.compare, chains: 'none' }],
  ['equal', { sign: '==', level: binding.compare, chains: 'none' }],
  ['notEqual', { sign: '!=', level: binding.compare, chains: 'none' }],
  ['add', { sign: '+', level: binding.add, chains: 'left' }],
  ['subtract', { sign: '-', level: binding.add, chains: 'left' }],
  ['multiply', { sign: '*', level: binding.multiply, chains: 'left' }],
  ['divide', { sign: '/', level: binding.multiply, chains: 'left' }],
  ['modulo', { sign: '%', level: binding.multiply, chains: 'left' }],
])

const prefixes: ReadonlyMap<string, string> = new Map([
  ['negate', '-'],
  ['not', '!'],
])

/** The text of an expression. */
export function print(expression: Expression): string {
  return printed(expression).text
}

interface Printed {
  readonly text: string
  readonly level: number
  /** Ends in the body of a reduce, which would swallow a product that follows. */
  readonly open?: boolean
}

function printed(expression: Expression): Printed {
  switch (expression.kind) {
    case 'constant':
      return {
        text: printNumber(expression.value),
        level: expression.value < 0 ? binding.negate : binding.atom,
      }
    case 'variable':
      return { text: expression.name, level: binding.atom }
    case 'element':
      return { text: `${expression.vector}[${print(expression.index)}]`, level: binding.atom }
    case 'reduce': {
      const { operator, index, size, body } = expression
      return {
        text: `${operator}(${index} < ${size}) ${bracketed(body, binding.multiply)}`,
        level: binding.multiply,
        open: true,
      }
    }
    case 'apply':
      return printApply(expression)
  }
}

function printApply({ operator, args }: Apply): Printed {
  const [a, b] = args
  const rest = args.slice(1)
  const infix = infixes.get(operator)
  if (infix !== undefined && a !== undefined && b !== undefined) return printInfix(infix, a, b)
  if (operator === 'power' && a !== undefined && b !== undefined)
    return { text: `${bracketed(a, binding.atom)}^${bracketed(b, binding.power)}`, level: binding.power }
  if (operator === 'entry' && a !== undefined && b !== undefined)
    return { text: `${bracketed(a, binding.atom)}[${print(b)}]`, level: binding.atom }
  if (operator === 'slice' && a !== undefined)
    return { text: `${bracketed(a, binding.atom)}[${rest.map(print).join(':')}]`, level: binding.atom }
  const sign = prefixes.get(operator)
  if (sign !== undefined && a !== undefined)
    return { text: `${sign}${bracketed(a, binding.negate)}`, level: binding.negate }
  return { text: `${operator}(${args.map(print).join(', ')})`, level: binding.atom }
}

function printInfix({ sign, level, chains }: Infix, a: Expression, b: Expression): Printed {
  const left = printed(a)
  const right = printed(b)
  const swallows = left.open === true && level === binding.multiply
  const leftText = enclose(left, swallows || left.level < (chains === 'left' ? level : level + 1))
  // A reduce may end a product: nothing follows there that it could swallow.
  const ends = b.kind === 'reduce' && sign === '*'
  const rightText = enclose(right, !ends && right.level <= level)
  return { text: `${leftText} ${sign} ${rightText}`, level, ...(ends && { open: true }) }
}

function bracketed(expression: Expression, least: number): string {
  const part = printed(expression)
  return enclose(part, part.level < least)
}

const enclose = ({ text }: Printed, brackets: boolean): string => (brackets ? `(${text})` : text)

function printNumber(value: number): string {
  return String(value).replace('e+', 'e')
}
