import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { literal, template } from '../../compiler/codegen/literal.ts'

const read = (source: string): unknown => runInNewContext(source)

test('a template reads back as the text, whatever it holds', () => {
  const piece = fc.constantFrom('`', '${', '\\', '\r', '\n', '\r\n', '$', '{', 'é', '\u2028', '*/', 'x')
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join('')
      expect(read(template(text))).toBe(text)
    }),
    { seed: 1 },
  )
})

test('data reads back as it was', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      (text, number) => {
        const value = { text, list: [number, true, [], text], inner: { text } }
        expect(JSON.stringify(read(`(${literal(value)})`))).toBe(JSON.stringify(value))
      },
    ),
    { seed: 1 },
  )
  expect(literal({ rows: 256, coupling: 'iid', seen: ["it's"] })).toBe(
    "{ rows: 256, coupling: 'iid', seen: ['it\\'s'] }",
  )
})
