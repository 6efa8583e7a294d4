// One run reports every mistake once, and keeps what is right.
import { describe, expect, test } from 'vitest'
import type { File } from '../../compiler/syntax/ast.ts'
import { limits } from '../../compiler/syntax/scan.ts'
import { parse } from '../../compiler/syntax/parse.ts'
import { processorTime } from '../setup/processor-time.ts'

const read = (text: string) => {
  const { file, diagnostics } = parse({ file: 'input.attn', text })
  const found = diagnostics.map(({ code, span }) => `${code} ${text.slice(span.start, span.end) || 'end'}`)
  return { file, diagnostics, found }
}

/** What was understood: settings with their number of items, 0 where the value is damaged. */
const outline = (file: File): string =>
  file.declarations
    .map((declaration) =>
      declaration.kind !== 'attention'
        ? `${declaration.name.text}${declaration.incomplete === true ? '?' : ''}`
        : `${declaration.name.text}${declaration.incomplete === true ? '?' : ''}{${declaration.settings
            .map(({ key, value }) => `${key.text} ${value.items.length}`)
            .join(', ')}}`,
    )
    .join(' ')

describe('a mistake is told once, and its neighbours are still read', () => {
  test.each([
    [
      'attention a { dim: 64 kernel: exp(dot(q, k) mask: causal }',
      ['A0108 mask'],
      'a?{dim 1, kernel 0, mask 1}',
    ],
    ['attention a { dim: 64 ) mask: causal }', ['A0108 )'], 'a?{dim 0, mask 1}'],
    ['attention a { dim: mask: causal }', ['A0108 mask'], 'a?{dim 0, mask 1}'],
    ['attention a { dim 64 mask: causal }', ['A0108 64'], 'a?{dim 0, mask 1}'],
    ['attention a { dim = 64 mask: causal }', ['A0108 ='], 'a?{dim 0, mask 1}'],
    ['attention a { dim: 64 attention b { dim: 32 }', ['A0108 attention'], 'a?{dim 0} b{dim 1}'],
    ['attention a { dim: 64', ['A0108 end'], 'a?{dim 0}'],
    ['attention { dim: 64 } feature f(x) = x', ['A0108 {'], 'f'],
    ['junk feature f(x) = x junk attention a { }', ['A0108 junk', 'A0108 junk'], 'f? a{}'],
    ['feature f(x) = feature g(x) = x', ['A0108 feature'], 'f? g'],
    ['feature f(x, w) = query x attention a { }', ['A0108 attention'], 'f? a{}'],
    ['feature f(x) = 2 * [x] feature g(x) = []', ['A0108 [', 'A0108 ]'], 'f? g?'],
    ['attention a { dim: 1 2a scale: 1 · 2 }', ['A0101 ·', 'A0102 2a'], 'a{dim 2, scale 2}'],
  ])('%s', (text, found, understood) => {
    const result = read(text)
    expect(result.found).toEqual(found)
    expect(outline(result.file)).toBe(understood)
  })
})

describe('what no specification is', () => {
  test.each([
    ['a NUL character', 'attention a { dim: 64 }\0', 'A0104', 23],
    ['brackets, open', '('.repeat(100_000), 'A0106', limits.nesting],
    ['brackets, closed', `feature f(x) = ${'('.repeat(100_000 - 20)}`, 'A0106', 15 + limits.nesting],
    ['calls in calls', `feature f(x) = ${'exp('.repeat(10_000)}x`, 'A0106', 18 + 4 * limits.nesting],
    ['signs', `feature f(x) = ${'-'.repeat(50_000)}x`, 'A0107', 15 + limits.operators],
    ['powers', `feature f(x) = x${'^x'.repeat(40_000)}`, 'A0107', 16 + 2 * limits.operators],
    ['a flat sum', `feature f(x) = x${'+x'.repeat(10_000)}`, 'A0107', 16 + 2 * limits.operators],
    ['ten million characters', 'ab(] '.repeat(2_000_000), 'A0105', limits.characters],
  ])('%s', (_name, text, code, start) => {
    const { diagnostics, file } = read(text)
    expect(diagnostics.map((diagnostic) => [diagnostic.code, diagnostic.span.start])).toEqual([[code, start]])
    expect(file.incomplete).toBe(true)
  })

  test('what is within the limits is read', () => {
    const deep = `${'('.repeat(limits.nesting - 1)}x${')'.repeat(limits.nesting - 1)}`
    const calls = `${'exp('.repeat(limits.nesting - 2)}x${')'.repeat(limits.nesting - 2)}`
    const long = `x${' + x'.repeat(limits.operators)}`
    const high = `x${'^x'.repeat(limits.operators)}`
    for (const body of [deep, calls, long, high, '-'.repeat(limits.operators) + 'x'])
      expect(read(`feature f(x) = ${body}`).found).toEqual([])
    expect(read(`attention a { dim: ${deep} }`).found).toEqual([])
  })

  test.each([
    'a ',
    'a : ',
    'a } ',
    'a : 1 ) ',
    'f(x) ',
    'é ',
    'é',
    'feature f(x) = ) ',
    'attention a { } } ',
    '1e999 ',
    '# c\n',
  ])('a file full of %j takes no time to speak of', (piece) => {
    const filler = piece.repeat(Math.floor((limits.characters - 20) / piece.length))
    const started = processorTime()
    for (const text of [filler, `attention a { ${filler}`]) {
      const { diagnostics } = read(text)
      expect(diagnostics.length > 0 || piece.startsWith('#')).toBe(true)
    }
    // What is quadratic takes minutes.
    expect(processorTime() - started).toBeLessThan(20_000)
  })
})

test('helps with what people type from habit', () => {
  const help = (text: string): string | undefined => read(text).diagnostics[0]?.help
  expect(help('attention a { dim: 64, mask: causal }')).toContain('without commas')
  expect(help('feature f(x) = x // identity')).toContain('`#`')
  expect(help('feature f(x) = x ** 2')).toContain('`^`')
  expect(help('attention a { mask: i = j }')).toContain('`==`')
  expect(help('attention a { dim = 64 }')).toContain('`name: value`')
  expect(help('attention a {\n  dim: 64\n  kernel = exp(dot(q, k))\n}')).toContain('`name: value`')
  expect(help('featur f(x) = x')).toContain('`feature`')
  expect(help('feature f(x) = 2x')).toContain('`2 * x`')
  expect(help('attention a {\n  dim: 64\n')).toContain('line 1, column 13')
  expect(help('feature f(x) = 2 * [x]')).toContain('whole body')
  expect(help('feature f(x) = .5 * x')).toContain('0.5')
  expect(help('feature f(x) = x;')).toContain('leave it out')
})
