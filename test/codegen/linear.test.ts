// What is compiled is as long as what was written, and takes no longer: every operator of the language, in every
// kind of place, nested twice as deep, gives at most about twice the text.
import { performance } from 'node:perf_hooks'
import { describe, expect, test } from 'vitest'
import { compile } from '../../compiler/index.ts'
import type { Compilation } from '../../compiler/index.ts'
import { boolean, scalar, vector } from '../../compiler/symbolic/expression.ts'
import type { Type } from '../../compiler/symbolic/expression.ts'
import { operatorNamed, rowOperators, scalarOperators } from '../../compiler/symbolic/operators.ts'

interface Place {
  readonly name: string
  /** What stands innermost, and beside what is nested. */
  readonly leaf: string
  readonly other: string
  readonly text: (expression: string) => string
}

const factorised = (feature: string, settings: string): string =>
  `feature f${feature} attention a { dim: 4 feature: f ${settings} }`
const masked = (condition: string): string =>
  `attention a { dim: 4 kernel: exp(dot(q, k)) mask: ${condition} }`

const places: readonly Place[] = [
  { name: 'feature', leaf: 'x', other: 'cos(x)', text: (body) => factorised(`(x) = ${body}`, '') },
  {
    name: 'projected feature',
    leaf: 'dot(w, x)',
    other: 'norm(x)',
    text: (body) => factorised(`(x, w) = ${body}`, 'projections: 8 seed 1'),
  },
  {
    name: 'kernel',
    leaf: 'dot(q, k)',
    other: 'norm(k)',
    text: (body) => `attention a { dim: 4 kernel: ${body} }`,
  },
  { name: 'mask', leaf: 'i', other: 'j', text: (side) => masked(`${side} >= j`) },
  { name: 'mask of fractions', leaf: '(i / 3)', other: '(j + 1)', text: (side) => masked(`${side} >= j`) },
  { name: 'condition', leaf: 'i > j', other: 'i % 3 == j', text: masked },
  {
    name: 'decay',
    leaf: '(head / 64)',
    other: '(head + 1)',
    text: (body) => factorised('(x) = exp(x)', `mask: causal decay: sigmoid(max(min(${body}, 5), -5))`),
  },
  {
    name: 'epsilon',
    leaf: '0.5',
    other: '0.25',
    text: (body) => factorised('(x) = exp(x)', `epsilon: ${body}`),
  },
  { name: 'scale', leaf: '0.5', other: '0.25', text: (body) => factorised('(x) = exp(x)', `scale: ${body}`) },
]

const infix: Readonly<Record<string, string>> = {
  add: '+',
  subtract: '-',
  multiply: '*',
  divide: '/',
  modulo: '%',
  less: '<',
  lessEqual: '<=',
  greater: '>',
  greaterEqual: '>=',
  equal: '==',
  notEqual: '!=',
  and: '&&',
  or: '||',
}

/** How many arguments an operator takes, of whichever kind. */
function arityOf(operator: string): number {
  const kinds: readonly Type[] = [scalar, vector(4), boolean]
  const takes = (count: number): boolean =>
    kinds.some(
      (kind) => typeof operatorNamed(operator).type(Array.from({ length: count }, () => kind)) !== 'string',
    )
  return [1, 2, 3].find(takes) ?? 0
}

function written(operator: string, ...args: readonly string[]): string {
  const [a = '', b = ''] = args
  if (operator === 'negate') return `(-${a})`
  if (operator === 'not') return `(!(${a}))`
  if (operator === 'power') return `(${a})^${b}`
  const sign = infix[operator]
  return sign === undefined ? `${operator}(${args.join(', ')})` : `((${a}) ${sign} (${b}))`
}

type Growth = (inner: string, place: Place) => string

/** The ways in which one level of an operator may stand around the one below. */
function levelsOf(operator: string): Readonly<Record<string, Growth>> {
  const isCondition = typeof operatorNamed(operator).type([boolean, boolean]) !== 'string'
  switch (operator === 'power' ? 'power' : arityOf(operator)) {
    case 'power':
      return {
        square: (inner, { leaf }) => written(operator, `${inner} + ${leaf}`, '2'),
        root: (inner, { leaf }) => written(operator, `${inner} + ${leaf}`, '0.5'),
      }
    case 1:
      return {
        alone: (inner) => written(operator, inner),
        ...(operator === 'not'
          ? {}
          : { subtracted: (inner, { other }) => `(${other} - ${written(operator, inner)})` }),
      }
    case 2:
      return {
        left: (inner, { other }) => written(operator, inner, other),
        right: (inner, { other }) => written(operator, other, inner),
        ...(isCondition ? {} : { cut: (inner, { other }) => `(${written(operator, inner, other)} % 7)` }),
      }
    default:
      return { first: (inner, { leaf }) => written(operator, `floor(9 * ${inner})`, leaf, '1') }
  }
}

function textOf(place: Place, grow: Growth, levels: number): string {
  let expression = place.leaf
  for (let level = 0; level < levels; level++) expression = grow(expression, place)
  return place.text(expression)
}

const hasErrors = ({ diagnostics }: Compilation): boolean =>
  diagnostics.some(({ severity }) => severity === 'error')

/** Characters of all that is written, for both targets; nothing where something is wrong, and is said. */
function charactersOf(text: string): number | undefined {
  const compilation = compile(text)
  if (hasErrors(compilation) || compilation.pending.length > 0) return undefined
  return compilation.modules.flatMap(({ files }) => files).reduce((sum, file) => sum + file.text.length, 0)
}

/** Far above what one compilation takes, and far below what one takes that doubles with each level. */
const patience = 5000

function complaint(
  place: Place,
  grow: Growth,
  [small, large]: readonly [number, number],
): string | undefined {
  const start = performance.now()
  const base = charactersOf(textOf(place, grow, 0)) ?? 0
  const before = charactersOf(textOf(place, grow, small))
  if (performance.now() - start > patience) return `${small} levels take ${performance.now() - start} ms`
  const middle = performance.now()
  const after = charactersOf(textOf(place, grow, large))
  const took = performance.now() - middle
  if (took > patience) return `${large} levels take ${took} ms`
  if (before === undefined || after === undefined) return undefined
  const most = 2.5 * Math.max(0, before - base) + 10_000
  return after - base > most
    ? `${small} levels add ${before - base}, ${large} add ${after - base}`
    : undefined
}

const operators = [...Object.keys(scalarOperators), ...Object.keys(rowOperators)]

describe.each(places)('nested in a $name', (place) => {
  test.each(operators)(
    '%s',
    (operator) => {
      const complaints = Object.entries(levelsOf(operator)).flatMap(([name, grow]) => {
        // A level that cannot stand here at all is known by its first.
        if (hasErrors(compile(textOf(place, grow, 1)))) return []
        const found = complaint(place, grow, [12, 24])
        return found === undefined ? [] : [`${name}: ${found}`]
      })
      expect(complaints).toEqual([])
    },
    60_000,
  )
})
