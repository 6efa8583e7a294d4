// What is compiled is as long as what was written, and takes no longer: every operator of the language, in every
// kind of place, nested twice as deep, gives at most about twice the text.
import { describe, expect, test } from 'vitest'
import { liftScalar } from '../../compiler/algebra/expectation/lift.ts'
import { OutOfReach } from '../../compiler/algebra/expectation/ring/value.ts'
import { termsOf } from '../../compiler/algebra/facts.ts'
import { check, compile, targets } from '../../compiler/index.ts'
import type { Compilation, Target } from '../../compiler/index.ts'
import { lengthOfSlopes } from '../../compiler/schedule/backward/pair-slopes.ts'
import { boolean, scalar, vector } from '../../compiler/symbolic/expression.ts'
import { apply, variable } from '../../compiler/symbolic/build.ts'
import type { Expression, Type } from '../../compiler/symbolic/expression.ts'
import { operatorNamed, rowOperators, scalarOperators } from '../../compiler/symbolic/operators.ts'
import { processorTime } from '../setup/processor-time.ts'

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

const hasErrors = ({ diagnostics }: Pick<Compilation, 'diagnostics'>): boolean =>
  diagnostics.some(({ severity }) => severity === 'error')

/** Characters of the kernels for a target; nothing where something is wrong, and is said. */
function charactersFor(target: Target, text: string): number | undefined {
  const compilation = compile(text, { target })
  if (hasErrors(compilation) || compilation.pending.length > 0) return undefined
  return compilation.modules
    .flatMap(({ program }) => Object.values(program.kernels))
    .reduce((sum, kernel) => sum + kernel.code.length, 0)
}

/** Those of the kernels for every target. */
function charactersOf(text: string): number | undefined {
  const counts = targets.map((target) => charactersFor(target, text))
  return counts.reduce((sum = Number.NaN, count = Number.NaN) => sum + count, 0)
}

const bareCharacters = new Map<string, number>()

/** Characters of the kernels where nothing is nested, which are the same for every operator. */
function bare(place: Place, target: Target): number {
  const key = `${place.name} ${target}`
  const known = bareCharacters.get(key) ?? charactersFor(target, place.text(place.leaf)) ?? 0
  bareCharacters.set(key, known)
  return known
}

/** What 12 levels add may double with the next 12 and be little; of a text that doubles with each level they add far more. */
const little = 6000

/** Far above what one compilation takes, and far below what one takes that doubles with each level. */
const patience = 5000

function complaint(
  place: Place,
  grow: Growth,
  target: Target,
  [small, large]: readonly [number, number],
): string | undefined {
  const base = bare(place, target)
  const start = processorTime()
  const before = charactersFor(target, textOf(place, grow, small))
  if (processorTime() - start > patience) return `${small} levels take ${processorTime() - start} ms`
  if (before !== undefined && before - base <= little) return undefined
  const middle = processorTime()
  const after = charactersFor(target, textOf(place, grow, large))
  const took = processorTime() - middle
  if (took > patience) return `${large} levels take ${took} ms`
  if (before === undefined || after === undefined) return undefined
  const most = 2.5 * Math.max(0, before - base) + 10_000
  return after - base > most
    ? `${small} levels add ${before - base}, ${large} add ${after - base}`
    : undefined
}

const operators = [...Object.keys(scalarOperators), ...Object.keys(rowOperators)]

describe.each(places)('nested in a $name', (place) => {
  test.each(operators)('%s', (operator) => {
    // Each operator meets each target in some of its places.
    const turn = operators.indexOf(operator) + places.indexOf(place)
    const complaints = Object.entries(levelsOf(operator)).flatMap(([name, grow], way) => {
      // A level that cannot stand here at all is known by its first.
      if (hasErrors(check(textOf(place, grow, 1)))) return []
      const found = complaint(place, grow, targets[(turn + way) % targets.length]!, [12, 24])
      return found === undefined ? [] : [`${name}: ${found}`]
    })
    expect(complaints).toEqual([])
  })
})

/** Nodes of the derivatives, of which each is counted once: sums in sums have somewhat more for each level. */
function slopesOf(text: string): number | undefined {
  const compilation = compile(text)
  if (hasErrors(compilation) || compilation.pending.length > 0) return undefined
  return compilation.modules
    .flatMap(({ algebra }) => termsOf(algebra))
    .reduce((sum, term) => sum + lengthOfSlopes(term), 0)
}

describe.each(places.slice(0, 3))('derivatives of what is nested in a $name', (place) => {
  test.each(operators)('%s', (operator) => {
    const complaints = Object.entries(levelsOf(operator)).flatMap(([name, grow]) => {
      if (hasErrors(check(textOf(place, grow, 1)))) return []
      const [before, after] = [8, 16].map((levels) => slopesOf(textOf(place, grow, levels)))
      if (before === undefined || after === undefined) return []
      return after > 3 * before ? [`${name}: ${before} nodes become ${after}`] : []
    })
    expect(complaints).toEqual([])
  })
})

test.each(['silu', 'cosh', 'norm'])('the text of gradients of nested %s is bounded', async (operator) => {
  const text = factorised(`(x) = ${`cos(x) * ${operator}(`.repeat(16)}x${')'.repeat(16)}`, '')
  for (const target of targets) {
    const gradients = await compile(text, { target }).modules[0]?.program.gradients?.()
    const kernels = Object.values(gradients?.program?.kernels ?? {})
    expect(kernels.length).toBeGreaterThan(3)
    expect(kernels.reduce((sum, { code }) => sum + code.length, 0)).toBeLessThan(4_000_000)
  }
})

const chained = (count: number, sign: string, term: (place: number) => string): string =>
  Array.from({ length: count }, (_, place) => term(place + 1)).join(sign)

/** Expressions side by side, and levels in which several parts have exponents to be compared. */
const wide: Readonly<Record<string, (count: number) => string>> = {
  'sums in a feature': (count) => factorised(`(x) = ${chained(count, ' + ', (n) => `cos(x * ${n})`)}`, ''),
  'products in a feature': (count) =>
    factorised(`(x) = ${chained(count, ' * ', (n) => `exp(cos(x * ${n}))`)}`, ''),
  'sums in a kernel': (count) =>
    `attention a { dim: 4 kernel: ${chained(count, ' + ', (n) => `tanh(dot(q, k) * ${n})`)} }`,
  'sums in a mask': (count) => masked(`${chained(count, ' + ', (n) => `i % ${n + 1}`)} > j`),
  'conditions in a mask': (count) => masked(chained(count, ' && ', (n) => `i % ${n + 1} != j`)),
  'divisors in a mask': (count) => masked(chained(count, ' || ', (n) => `i / (j - ${n + 1}) > 1`)),
  'sums in a decay': (count) =>
    factorised(
      '(x) = exp(x)',
      `mask: causal decay: 1 / (1 + ${chained(count, ' + ', (n) => `exp(-head * ${n})`)})`,
    ),
  'sums in a constant': (count) =>
    factorised('(x) = exp(x)', `epsilon: ${chained(count, ' + ', () => '0.001')}`),
  'blocks of a feature': (count) => factorised(`(x) = [${chained(count, ', ', (n) => `cos(x * ${n})`)}]`, ''),
  'exponentials in exponentials': (count) =>
    `attention a { dim: 4 kernel: ${'(exp(norm(q)) + '.repeat(count / 4)}dot(q, k)${' * exp(norm(k)))'.repeat(count / 4)} }`,
  'activations of exponentials': (count) =>
    `attention a { dim: 4 kernel: ${'silu(exp('.repeat(count / 2)}dot(q, k)${'))'.repeat(count / 2)} }`,
}

test.each(Object.entries(wide))('side by side: %s', (_, text) => {
  const [base, before, after] = [4, 80, 160].map((count) => {
    const start = processorTime()
    const characters = charactersOf(text(count))
    expect(processorTime() - start, `${count} take a moment`).toBeLessThan(2 * patience)
    return characters ?? Number.NaN
  }) as [number, number, number]
  expect(after - base).toBeLessThan(2.5 * (before - base) + 10_000)
})

/** What is no attention at all, in each kind of place. */
const overlong: Readonly<Record<string, string>> = {
  'brackets that are not closed': '('.repeat(10_000),
  'brackets around one number': `${'('.repeat(10_000)}1${')'.repeat(10_000)}`,
  'brackets that were not opened': ')'.repeat(90_000),
  'a million characters': `${'1 + '.repeat(250_000)}1`,
  'signs of a number': `${'-'.repeat(50_000)}1`,
  'powers of powers': `${'2^'.repeat(10_000)}1`,
  'arguments of one function': `min(${'1, '.repeat(30_000)}1)`,
  'blocks of one feature': `[${'1, '.repeat(30_000)}1]`,
}

test.each(Object.entries(overlong))('told of at once: %s', (_, expression) => {
  for (const { text } of places) {
    const start = processorTime()
    expect(hasErrors(compile(text(expression)))).toBe(true)
    expect(processorTime() - start).toBeLessThan(patience)
  }
})

// Claims are decided on expressions written out, in which identities have their arguments twice.
test.each(['gelu', 'softplus', 'silu'] as const)(
  'a claim about nested %s is out of reach, and no page long',
  (name) => {
    const nested = Array.from({ length: 40 }).reduce<Expression>((inner) => apply(name, inner), variable('i'))
    const start = processorTime()
    expect(() => liftScalar(nested, { basis: 'reduced', names: {} })).toThrow(OutOfReach)
    expect(processorTime() - start).toBeLessThan(patience)
  },
)
