import { describe, expect, test } from 'vitest'
import { arrange, shownAtMost } from '../../compiler/diagnostics/arrange.ts'
import type { Diagnostic } from '../../compiler/diagnostics/diagnostic.ts'
import { editDistance, nearest } from '../../compiler/diagnostics/nearest.ts'
import { placeOf } from '../../compiler/diagnostics/place.ts'
import { render, toJson } from '../../compiler/diagnostics/render.ts'

/** An error at the first occurrence of a piece of text. */
function at(text: string, piece: string, help?: string): [Diagnostic, { file: string; text: string }] {
  const start = text.indexOf(piece)
  const span = { start, end: start + piece.length }
  const diagnostic: Diagnostic = {
    code: 'A0000',
    severity: 'error',
    message: 'no',
    span,
    ...(help && { help }),
  }
  return [diagnostic, { file: 'a.attn', text }]
}

describe('the frame', () => {
  test('names the place, shows the line and underlines the span', () => {
    expect(render(...at('one\ntwo three\nfour', 'three', 'try'))).toBe(
      'a.attn:2:5: error A0000: no\n  2 | two three\n    |     ^^^^^\n    = help: try',
    )
  })

  test('has the width of the line number', () => {
    expect(render(...at(`${'\n'.repeat(99)}here`, 'here'))).toBe(
      'a.attn:100:1: error A0000: no\n  100 | here\n      | ^^^^',
    )
  })

  test.each([
    ['tabs', '\t\tx\ty', 'y', '    x  y', '       ^'],
    ['wide letters', '漢字 x', 'x', '漢字 x', '     ^'],
    ['a wide letter', 'a漢b', '漢', 'a漢b', ' ^^'],
    ['combining marks', 'e\u0301 x', 'x', 'e\u0301 x', '  ^'],
    ['an emoji', 'a 🙂 b', '🙂', 'a 🙂 b', '  ^^'],
    ['controls', '\u0001\u001B[31m x', 'x', '··[31m x', '       ^'],
  ])('stands right under %s', (_name, text, piece, line, carets) => {
    const [, shown, marked] = render(...at(text, piece)).split('\n')
    expect(shown?.slice('  1 | '.length)).toBe(line)
    expect(marked?.slice('    | '.length)).toBe(carets)
  })

  test('cuts a long line around the place', () => {
    const [, shown = '', marked = ''] = render(
      ...at(`${'a'.repeat(500)}here${'b'.repeat(500)}`, 'here'),
    ).split('\n')
    expect(shown.length).toBeLessThan(120)
    expect(shown.slice(marked.indexOf('^'), marked.lastIndexOf('^') + 1)).toBe('here')
    expect(shown).toMatch(/\| ….*…$/)
  })

  test('underlines the first line of a span of several', () => {
    const text = 'a bc\nde f'
    const [, , marked] = render(
      { ...at(text, 'bc')[0], span: { start: 2, end: 7 } },
      { file: '', text },
    ).split('\n')
    expect(marked).toBe('    |   ^^')
  })

  test('points behind the last character', () => {
    const [diagnostic, source] = at('ab', 'ab')
    expect(render({ ...diagnostic, span: { start: 2, end: 2 } }, source)).toMatch(
      /:1:3:.*\n.*\n {4}\| {3}\^$/,
    )
    expect(render({ ...diagnostic, span: { start: 0, end: 0 } }, { file: 'a', text: '' })).toBe(
      'a:1:1: error A0000: no\n  1 |\n    | ^',
    )
  })

  test('is coloured on request only', () => {
    const [diagnostic, source] = at('one', 'one')
    const escape = String.fromCharCode(27)
    expect(render(diagnostic, source)).not.toContain(escape)
    const coloured = render(diagnostic, source, { colour: true })
    expect(coloured).toContain(`${escape}[31merror A0000${escape}[0m`)
    expect(coloured.replaceAll(new RegExp(`${escape}\\[\\d+m`, 'g'), '')).toBe(render(diagnostic, source))
  })
})

test('as data, lines and columns count from 1 and the end is behind the span', () => {
  expect(toJson(...at('one\r\ntwo', 'two'))).toEqual({
    code: 'A0000',
    severity: 'error',
    message: 'no',
    line: 2,
    column: 1,
    endLine: 2,
    endColumn: 4,
  })
  expect(toJson(...at('x', 'x', 'try'))).toMatchObject({ help: 'try', endColumn: 2 })
})

test('lines end as any system ends them', () => {
  const source = { file: '', text: 'a\nb\r\nc\rd' }
  expect([0, 2, 5, 7].map((offset) => placeOf(source, offset))).toEqual(
    [1, 2, 3, 4].map((line) => ({ line, column: 1 })),
  )
})

describe('the nearest name', () => {
  test('distances', () => {
    expect(editDistance('', 'abc')).toBe(3)
    expect(editDistance('kitten', 'sitting')).toBe(3)
    expect(editDistance('dot', 'dto')).toBe(1)
    expect(editDistance('same', 'same')).toBe(0)
  })

  test('is suggested only when it is near', () => {
    const names = ['causal', 'none', 'favor', 'dim', 'x']
    expect(nearest('casual', names)).toBe('causal')
    expect(nearest('Causal', names)).toBe('causal')
    expect(nearest('din', names)).toBe('dim')
    expect(nearest('y', names)).toBeUndefined()
    expect(nearest('window', names)).toBeUndefined()
    expect(nearest('a'.repeat(100_000), names)).toBeUndefined()
  })
})

describe('the arrangement', () => {
  const diagnostic = (start: number, severity: Diagnostic['severity'] = 'error'): Diagnostic => ({
    code: 'A0000',
    severity,
    message: String(start),
    span: { start, end: start + 1 },
  })

  test('follows the text', () => {
    expect(arrange([diagnostic(5), diagnostic(1), diagnostic(3)]).map(({ span }) => span.start)).toEqual([
      1, 3, 5,
    ])
  })

  test('stops where nobody reads on, and says how many are left', () => {
    const many = Array.from({ length: 123 }, (_, index) => diagnostic(index))
    const shown = arrange(many)
    expect(shown).toHaveLength(shownAtMost + 1)
    expect(shown.at(-1)).toMatchObject({ code: 'A0110', span: { start: shownAtMost } })
    expect(shown.at(-1)?.message).toContain(String(123 - shownAtMost))
  })

  test('prefers errors to warnings', () => {
    const warnings = Array.from({ length: 60 }, (_, index) => diagnostic(index, 'warning'))
    expect(arrange([...warnings, diagnostic(1000)]).map(({ span }) => span.start)).toContain(1000)
  })
})
