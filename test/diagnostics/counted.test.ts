import { expect, test } from 'vitest'
import { counted, times } from '../../compiler/diagnostics/counted.ts'

test('one thing or several', () => {
  expect([0, 1, 2, 1024].map((count) => counted(count, 'head'))).toEqual([
    '0 heads',
    '1 head',
    '2 heads',
    '1,024 heads',
  ])
  expect(counted(1, 'shape agrees', 'shapes agree')).toBe('1 shape agrees')
  expect([1, 20].map(times)).toEqual(['once', '20 times'])
})
