// What the library says of a wrong file, for programs that show it to people.
import { describe, expect, test } from 'vitest'
import { check, compile, format, parse, render } from '../../compiler/index.ts'

const text = 'attention wrong {\n  dim:    8\n  kernel: exp(dto(q, k))\n}\n'
const place = { line: 3, column: 15, endLine: 3, endColumn: 18 }

describe('diagnostics of the library', () => {
  test('carry line and column, from 1', () => {
    expect(check(text).diagnostics).toMatchObject([place])
    expect(compile(text).diagnostics).toMatchObject([place])
  })

  test('carry them also where the text cannot be read', () => {
    const broken = 'attention a {\n  dim: 8\n  }\n}\n'
    for (const { diagnostics } of [parse(broken), format(broken)])
      expect(diagnostics).toMatchObject([{ line: 4, column: 1 }])
  })

  test('are rendered as on the command line, with an empty line between', () => {
    const { diagnostics } = check(text)
    const frame = `wrong.attn:3:15: error ${diagnostics[0]?.code ?? ''}: there is no function \`dto\`
  3 |   kernel: exp(dto(q, k))
    |               ^^^`
    const rendered = render(diagnostics, { file: 'wrong.attn', text })
    expect(rendered.startsWith(frame)).toBe(true)
    expect(render([...diagnostics, ...diagnostics], { file: 'wrong.attn', text })).toBe(
      `${rendered}\n\n${rendered}`,
    )
    expect(render([], { text })).toBe('')
    expect(render(diagnostics, { text }, { colour: true })).toContain('\u001B[31m')
  })

  test('render says what it takes', () => {
    expect(() => render('' as never, { text })).toThrow(/expected an array of diagnostics/)
    expect(() => render([], text as never)).toThrow(/takes an object/)
    expect(() => render([], { file: 'a.attn' } as never)).toThrow(/expected a string/)
    expect(() => render([], { text }, { color: true } as never)).toThrow(/did you mean 'colour'|colour/)
  })
})
