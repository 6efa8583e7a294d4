import { describe, expect, test } from 'vitest'
import type { Expression, File } from '../../compiler/syntax/ast.ts'
import { parse } from '../../compiler/syntax/parse.ts'

const read = (text: string): File => {
  const { file, diagnostics } = parse({ file: 'input.attn', text })
  expect({ text, diagnostics }).toEqual({ text, diagnostics: [] })
  return file
}

/** Every application in brackets, operators before their operands: a form that shares nothing with the printer. */
function shape(tree: Expression): string {
  switch (tree.kind) {
    case 'number':
      return tree.text
    case 'reference':
      return tree.name
    case 'call':
      return `(${[tree.callee.text, ...tree.args.map(shape)].join(' ')})`
    case 'index':
      return `(at ${[tree.operand, tree.start, ...(tree.end ? [tree.end] : [])].map(shape).join(' ')})`
    case 'unary':
      return `(${tree.operator} ${shape(tree.operand)})`
    case 'binary':
      return `(${tree.operator} ${shape(tree.left)} ${shape(tree.right)})`
  }
}

const bodyOf = (text: string): string => {
  const [declaration] = read(`feature f(x) = ${text}`).declarations
  return declaration?.kind === 'feature' && declaration.body.kind === 'shared'
    ? declaration.body.body.items.map(shape).join(', ')
    : 'no body'
}

describe('expressions', () => {
  test.each([
    ['1 + 2 * 3', '(+ 1 (* 2 3))'],
    ['1 - 2 - 3', '(- (- 1 2) 3)'],
    ['8 / 4 / 2 % 3', '(% (/ (/ 8 4) 2) 3)'],
    ['2^3^4', '(^ 2 (^ 3 4))'],
    ['-x^2', '(- (^ x 2))'],
    ['(-x)^2', '(^ (- x) 2)'],
    ['2^-x^2', '(^ 2 (- (^ x 2)))'],
    ['2^-3 * 4', '(* (^ 2 (- 3)) 4)'],
    ['a * -b - -c', '(- (* a (- b)) (- c))'],
    ['- - x', '(- (- x))'],
    ['-x[1]^2', '(- (^ (at x 1) 2))'],
    ['f(x)[a + 1:dim][0]', '(at (at (f x) (+ a 1) dim) 0)'],
    ['z[i][a:b]', '(at (at z i) a b)'],
    ['-a * b', '(* (- a) b)'],
    ['a < b + 1', '(< a (+ b 1))'],
    ['a < b == c', '(== (< a b) c)'],
    ['a && b || c && d', '(|| (&& a b) (&& c d))'],
    ['a <= b && !c || d != e', '(|| (&& (<= a b) (! c)) (!= d e))'],
    ['!a == b', '(== (! a) b)'],
    ['f(g(x, 1), -y)', '(f (g x 1) (- y))'],
    ['f()', '(f)'],
    ['((x))', 'x'],
    ['[1, x, outer(x, x) / 2]', '1, x, (/ (outer x x) 2)'],
    ['1e-4 + 0.5e1', '(+ 1e-4 0.5e1)'],
    ['1-2', '(- 1 2)'],
    ['1e2-e', '(- 1e2 e)'],
  ])('%s', (text, expected) => {
    expect(bodyOf(text)).toBe(expected)
  })
})

describe('settings', () => {
  const values = (text: string): string[] => {
    const [declaration] = read(`attention a { ${text} }`).declarations
    return declaration?.kind === 'attention'
      ? declaration.settings.map(({ key, value }) => `${key.text}: ${value.items.map(shape).join(' | ')}`)
      : []
  }

  test('a value ends where the next setting begins', () => {
    expect(values('dim: 64 scale: 1 / sqrt(dim) projections: 256 orthogonal seed 42 mask: causal')).toEqual([
      'dim: 64',
      'scale: (/ 1 (sqrt dim))',
      'projections: 256 | orthogonal | seed | 42',
      'mask: causal',
    ])
  })

  test('white space carries no meaning', () => {
    expect(values('projections:256 orthogonal')).toEqual(['projections: 256 | orthogonal'])
    expect(values('stabilize\n:\r\nmax # E\n\t1e-4 dim:1')).toEqual(['stabilize: max | 1e-4', 'dim: 1'])
  })

  test('no word is reserved', () => {
    expect(values('feature: feature attention: attention query: key')).toEqual([
      'feature: feature',
      'attention: attention',
      'query: key',
    ])
    const names = read(
      'feature kernel(key) = key feature query(x, attention) = query x key attention attention feature { }',
    ).declarations.map(({ name }) => name.text)
    expect(names).toEqual(['kernel', 'query', 'feature'])
  })
})

test('features: parameters, two sides, blocks', () => {
  const [one, two] = read('feature f(x, w) = query [x, w] key -x feature g() = 1').declarations
  expect(one).toMatchObject({
    kind: 'feature',
    parameters: [{ text: 'x' }, { text: 'w' }],
    body: {
      kind: 'asymmetric',
      query: { bracketed: true, items: [{ name: 'x' }, { name: 'w' }] },
      key: { bracketed: false, items: [{ kind: 'unary' }] },
    },
  })
  expect(two).toMatchObject({ parameters: [], body: { kind: 'shared' } })
})

test('every node knows its place', () => {
  const text = '\uFEFF# c\nfeature f(x) = (-x + dot(x, x))\nattention a {\n  projections: 256 iid\n}\n'
  const file = read(text)
  const at = ({ span }: { span: { start: number; end: number } }): string => text.slice(span.start, span.end)
  const [feature, attention] = file.declarations
  if (feature?.kind !== 'feature' || feature.body.kind !== 'shared') throw new Error('expected a feature')
  const [sum] = feature.body.body.items
  if (sum?.kind !== 'binary' || attention?.kind !== 'attention')
    throw new Error('expected a sum and an attention')
  expect(at(file.comments[0]!)).toBe('# c')
  expect(at(feature)).toBe('feature f(x) = (-x + dot(x, x))')
  expect(at(feature.name)).toBe('f')
  expect(at(sum)).toBe('(-x + dot(x, x))')
  expect(at(sum.left)).toBe('-x')
  expect(at(sum.right)).toBe('dot(x, x)')
  expect(at(attention)).toBe('attention a {\n  projections: 256 iid\n}')
  expect(at(attention.settings[0]!)).toBe('projections: 256 iid')
  expect(at(attention.settings[0]!.value)).toBe('256 iid')
  expect(at(attention.settings[0]!.value.items[1]!)).toBe('iid')
})
