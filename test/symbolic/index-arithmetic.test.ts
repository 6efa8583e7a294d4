// How many rows the integers of a mask allow: against the conditions, index by index, in numbers that wrap.
import { expect, test } from 'vitest'
import { createAttention } from '../../runtime/index.ts'
import { compile } from '../../compiler/index.ts'
import { understand } from '../../compiler/pipeline.ts'
import { excess, inCells, inWords } from '../../compiler/symbolic/index-arithmetic.ts'
import { print } from '../../compiler/symbolic/print.ts'

const textOf = (mask: string): string => `attention a { dim: 4 kernel: exp(dot(q, k)) mask: ${mask} }`

function longest(mask: string, exact = inWords): readonly [string, number] | undefined {
  const [model] = understand({ file: 'a.attn', text: textOf(mask) }).checked.attentions
  if (model?.mask.kind !== 'condition') throw new Error(`${mask} is right`)
  const found = excess(model.mask.condition, exact)
  return found && [print(found.expression), found.longest]
}

test.each([
  // 2147 · 10⁶ is below 2³¹, and 2148 · 10⁶ is not.
  ['i * 1000000 >= j * 1000000', ['i * 1000000', 2148]],
  ['i * i <= j', ['i * i', 46_341]],
  ['(i * 46341 + j) % 7 < 3', ['i * 46341 + j', 46_340]],
  ['length * 30000000 > j', ['length * 30000000', 71]],
  ['floor(j * 1e7 / 3) == i', ['j * 10000000', 215]],
  ['i % 2 == 0 && !(j * 1e9 > i)', ['j * 1000000000', 3]],
  ['-(i * 1e8) < j * 0.5', ['i * 100000000', 22]],
  // f32 on both sides, which is exact up to 2²⁴.
  ['i * 1000 == j % 1e10', ['i * 1000', 16_778]],
])('%s', (mask, expected) => {
  expect(longest(mask)).toEqual(expected)
})

test.each([
  'i >= j && i - j < 256',
  'abs(floor(i / 64) - floor(j / 64)) <= 1 || random(floor(i / 64), floor(j / 64), 7) < 0.05',
  '(i - j) % 128 == 0 || (i * 31 + j * 17) % 11 < 4',
  'i < 3e9 && j % 1e10 == i && floor(i / j) < 5',
  // The hash takes them modulo 2³².
  'random(i * 1000003 * 1000003, j - 3000000000, 2^31) < 0.4',
])('%s is exact in a call of any length', (mask) => {
  expect(longest(mask)).toBeUndefined()
})

test('cells hold smaller integers', () => {
  expect(longest('i * i > j', inCells)).toEqual(['i * i', 4097])
  expect(longest('i * 1024 % 7 < 3', inCells)).toEqual(['i * 1024', 2049])
  expect(longest('floor(i / 64) == floor(j / 64)', inCells)).toBeUndefined()
})

test('a call that would pass them is refused', async () => {
  const { modules, diagnostics } = compile(textOf('i * 30000000 >= j * 30000000'))
  expect(diagnostics.map(({ code }) => code)).toEqual(['A0442'])
  const [made] = modules
  if (made === undefined) throw new Error('it compiles')
  expect(made.files.map(({ text }) => text).join('\n')).toMatch(/longest: 72,/)
  const attention = await createAttention(made.program, { backend: 'reference' })
  const rows = (length: number): object => {
    const [q, k, v] = [1, 2, 3].map(() => new Float32Array(length * 4))
    return { q, k, v, length }
  }
  const call = async (length: number): Promise<unknown> => attention.forward(rows(length) as never)
  await expect(call(72)).resolves.toHaveLength(72 * 4)
  await expect(call(73)).rejects.toThrow(/exact for at most 72 rows; the call has 73/)
})
