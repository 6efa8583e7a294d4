// What nested reduces cost: time must not grow as a power of the width.
import { expect, test } from 'vitest'
import { check, compile } from '../../compiler/index.ts'
import { components } from '../../compiler/symbolic/components.ts'
import { environmentOf, evaluateScalar } from '../../compiler/symbolic/evaluate.ts'
import { apply, constant, row } from '../../compiler/symbolic/build.ts'
import type { Expression } from '../../compiler/symbolic/expression.ts'
import { processorTime } from '../setup/processor-time.ts'

const softmax = (a: readonly number[]): readonly number[] => {
  const powers = a.map((one) => Math.exp(one - Math.max(...a)))
  const sum = powers.reduce((total, one) => total + one, 0)
  return powers.map((one) => one / sum)
}

test('reduces within reduces are evaluated once for all indexes that they do not see', () => {
  const dim = 64
  const x = Array.from({ length: dim }, (_, t) => Math.sin(3 * t))
  const nested = [1, 2, 3].reduce<Expression>((inner) => apply('softmax', inner), row('x', dim))
  const expected = softmax(softmax(softmax(x)))
  const environment = environmentOf({ x: Float64Array.from(x) })
  // Without that it is 64⁶ steps.
  for (const entry of [0, 17])
    expect(evaluateScalar(components(nested, constant(entry)), environment)).toBeCloseTo(
      expected[entry] ?? 0,
      14,
    )
})

test.each([
  `feature f(x) = ${'softmax('.repeat(8)}x${')'.repeat(8)} attention a { dim: 64 feature: f }`,
  `attention a { dim: 64 kernel: ${Array.from({ length: 100 }, (_, n) => `exp(dot(q, k) * ${n})`).join(' + ')} }`,
  `attention a { dim: 64 kernel: ${'max('.repeat(80)}1${Array.from({ length: 80 }, (_, n) => `, exp(dot(q, k) * ${n}))`).join('')} }`,
])('%# is too long, and that is said at once', (text) => {
  const start = processorTime()
  expect(compile(text).diagnostics.map(({ code }) => code)).toEqual(['A0317'])
  expect(processorTime() - start).toBeLessThan(5000)
})

test('what is long and does not grow is not', () => {
  const terms = Array.from({ length: 300 }, (_, n) => `tanh(dot(q, k) * ${n})`).join(' + ')
  expect(check(`attention a { dim: 64 kernel: ${terms} }`).diagnostics).toEqual([])
})
