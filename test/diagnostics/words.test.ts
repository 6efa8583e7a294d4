// Words of other tools are answered with what attn writes, and what is answered compiles.
import { expect, test } from 'vitest'
import { check } from '../../compiler/index.ts'

const following: Readonly<Record<string, readonly string[]>> = {
  alibi: ['kernel: exp(dot(q, k) - 2^(-8 * (head + 1) / heads) * (i - j))'],
  bias: ['inputs: b scalar', 'kernel: exp(dot(q, k) + b[j])'],
  causal: ['mask: causal'],
  rope: ['kernel: exp(dot(rotary(q, 1e4), rotary(k, 1e4)))'],
  softmax: ['kernel: exp(dot(q, k))'],
  window: ['mask: causal && i - j < 256'],
}

const helpFor = (line: string): string | undefined =>
  check(`attention a { dim: 8 kernel: exp(dot(q, k)) ${line} }`).diagnostics.find(({ help }) => help)?.help

test.each(Object.entries(following))('%s', (word, lines) => {
  const help = helpFor(`${word}: 4`) ?? ''
  for (const line of lines) expect(help).toContain(line.replace(/^kernel: (?=exp\(dot\(q, k\) [-+])/, ''))
  const kernel = lines.some((line) => line.startsWith('kernel')) ? '' : 'kernel: exp(dot(q, k))'
  expect(check(`attention a { dim: 8 ${kernel} ${lines.join(' ')} }`).diagnostics).toEqual([])
})

test.each(['dropout', 'heads', 'precision', 'softcap'])('%s, in words alone', (word) => {
  expect(helpFor(`${word}: 4`)).not.toMatch(/^the settings are/)
})

test('in any case and number, and as a function', () => {
  expect(helpFor('Windows: 4')).toBe(helpFor('window: 4'))
  expect(helpFor('mask: window(4)')).toBe(helpFor('window: 4'))
  expect(helpFor('widow: 4')).toMatch(/^the settings are/)
})
