// How many pairs a mask shows: counted one by one where that is little work, and estimated else.
import { expect, test } from 'vitest'
import { visiblePairs } from '../../compiler/schedule/visible-pairs.ts'
import { compileOne } from '../numeric/harness.ts'

const maskOf = (mask: string) =>
  compileOne(`attention a { dim: 4 kernel: exp(dot(q, k)) mask: ${mask} }`).algebra.mask

const shown: Readonly<Record<string, (i: number, j: number, length: number) => boolean>> = {
  none: () => true,
  causal: (i, j) => j <= i,
  'i >= j && i - j < 20': (i, j) => i >= j && i - j < 20,
  'floor(i / 8) == floor(j / 8) || j > length - 3': (i, j, length) =>
    Math.floor(i / 8) === Math.floor(j / 8) || j > length - 3,
}

test.each(Object.entries(shown))('%s', (mask, shows) => {
  for (const [length, keyLength] of [
    [1, 1],
    [30, 50],
    [50, 30],
    [300, 260],
  ] as const) {
    let wanted = 0
    for (let i = 0; i < length; i++) for (let j = 0; j < keyLength; j++) if (shows(i, j, keyLength)) wanted++
    const found = visiblePairs(maskOf(mask), length, keyLength)
    const counted = length * keyLength < 5000 || mask === 'none' || mask === 'causal'
    expect(Math.abs(found - wanted)).toBeLessThanOrEqual(counted ? 0 : wanted / 20)
  }
})

test.each(Object.entries(shown))('%s, of rows that come after others', (mask, shows) => {
  for (const [first, length, keyLength] of [
    [49, 1, 50],
    [20, 5, 25],
    [60, 3, 50],
  ] as const) {
    let wanted = 0
    for (let i = first; i < first + length; i++)
      for (let j = 0; j < keyLength; j++) if (shows(i, j, keyLength)) wanted++
    expect(visiblePairs(maskOf(mask), length, keyLength, first)).toBe(wanted)
  }
})
