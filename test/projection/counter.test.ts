import { expect, test } from 'vitest'
import { philox, wordsAt } from '../../runtime/projection/counter.ts'
import { standardErrors, Z_LIMIT } from './statistics.ts'

// The known answers that Random123 1.09 ships for philox4x32-10.
test.each([
  [
    [0, 0],
    [0, 0, 0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0xa4093822, 0x299f31d0],
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
] as const)('philox4x32-10 of key %j and counter %j', (key, counter, answer) => {
  expect(philox([...key], [...counter])).toEqual(answer)
})

test('seeds, uses, blocks and indices all matter, beyond 32 bits where they may be so large', () => {
  const base = { seed: 5, use: 1, block: 2 }
  const seen = [
    wordsAt(base, 0),
    wordsAt(base, 1),
    wordsAt(base, 2 ** 32),
    wordsAt({ ...base, seed: 6 }, 0),
    wordsAt({ ...base, seed: 5 + 2 ** 32 }, 0),
    wordsAt({ ...base, seed: 2 ** 53 - 1 }, 0),
    wordsAt({ ...base, use: 2 }, 0),
    wordsAt({ ...base, block: 3 }, 0),
  ].map((words) => words.join())
  expect(new Set(seen).size).toBe(seen.length)
})

test('every bit is set half the time', () => {
  const calls = Array.from({ length: 4000 }, (_, index) => wordsAt({ seed: 1, use: 0, block: 0 }, index))
  for (let word = 0; word < 4; word++) {
    for (let bit = 0; bit < 32; bit++) {
      const samples = calls.map((words) => (words[word]! >>> bit) & 1)
      expect(Math.abs(standardErrors(samples, 0.5))).toBeLessThan(Z_LIMIT)
    }
  }
})
