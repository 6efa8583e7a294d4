// A module carries its attention as text. Backends that read it must find there what the kernels were made from.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { check, compile, reference, targets } from '../../compiler/index.ts'
import { printAttention } from '../../compiler/semantics/print.ts'

const ones = new Float32Array(3).fill(1)
const call = { q: ones, k: ones, v: ones, batch: 1, heads: 1, kvHeads: 1, length: 3, keyLength: 3 }
const settings = 'dim: 1 feature: identity normalize: none'

function carried(text: string, name: string): string {
  const { modules, diagnostics } = compile(text, { only: name })
  expect(diagnostics).toEqual([])
  return modules[0]!.program.source
}

describe('a comment ends where the line does', () => {
  // Sums of what a causal query sees: 1, 2, 3, and with a decay of 1/2 it would be 1, 1.5, 1.75.
  test.each([
    ['a line separator', '\u2028'],
    ['a paragraph separator', '\u2029'],
    ['a next line', '\u0085'],
    ['a form feed', '\f'],
    ['a vertical tab', '\v'],
  ])('and %s is not its end', (_, separator) => {
    const text = `attention a { ${settings} mask: causal # once:${separator}decay: 0.5\n}`
    expect([...reference(carried(text, 'a'), 'a')(call)]).toEqual([1, 2, 3])
  })

  test.each([
    ['a line feed', '\n'],
    ['a carriage return', '\r'],
    ['both', '\r\n'],
  ])('and %s is its end', (_, end) => {
    const text = `attention a { ${settings} mask: causal # now:${end}decay: 0.5\n}`
    expect([...reference(carried(text, 'a'), 'a')(call)]).toEqual([1, 1.5, 1.75])
  })
})

test('the attention and the feature that it names are carried, and nothing else', () => {
  const text = `# a page
    feature twice(x) = 2 * x  feature thrice(x) = 3 * x
    attention first { ${settings} }
    attention second { dim: 1 feature: twice normalize: none } # \`\${odd}\` \\`
  expect(carried(text, 'second')).toBe(`feature twice(x) = 2 * x

attention second {
  dim:       1
  feature:   twice
  normalize: none
}
`)
  expect([...reference(carried(text, 'second'), 'second')(call)]).toEqual([12, 12, 12])
  expect(carried(text, 'first')).not.toContain('feature twice')
})

const specs = fileURLToPath(new URL('../../specs/', import.meta.url))

describe.each(readdirSync(specs))('%s', (file) => {
  test.each(targets)('carried for %s, it is the same attention', (target) => {
    const { modules } = compile(readFileSync(`${specs}${file}`, 'utf8'), { target })
    for (const { name, model, program } of modules) {
      const [again, ...others] = check(program.source).checked.attentions
      expect(again?.name).toBe(name)
      expect(printAttention(again!)).toBe(printAttention(model))
      expect(others).toEqual([])
      expect(program.source).not.toContain('#')
    }
  })
})
