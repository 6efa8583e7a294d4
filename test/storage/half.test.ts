// Rounding to 16 bits and back, held to its definition in exact arithmetic of doubles.
import { expect, test } from 'vitest'
import { halfOf, LARGEST, narrow, widen } from '../../runtime/storage/half.ts'

const word = new DataView(new ArrayBuffer(4))
const bitsOf = (number: number): number => {
  word.setFloat32(0, number)
  return word.getUint32(0)
}
const numberOf = (bits: number): number => {
  word.setUint32(0, bits >>> 0)
  return word.getFloat32(0)
}

/** The multiple of the spacing of f16 at x that is nearest to it, ties to even; the definition, not the code. */
function nearest(x: number): number {
  const size = Math.abs(x)
  const spacing = 2 ** Math.max(-24, Math.floor(Math.log2(size)) - 10)
  const [below, rest] = [Math.floor(size / spacing), (size / spacing) % 1]
  const steps = rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below
  const rounded = steps * spacing
  return Math.sign(x) * (rounded > LARGEST ? Infinity : rounded)
}

test('every number of 16 bits comes back as it was', () => {
  const all = Uint16Array.from({ length: 0x1_0000 }, (_, half) => half).filter(
    (half) => (half & 0x7c00) !== 0x7c00,
  )
  expect(narrow(widen(all)).halves).toEqual(all)
  expect(widen(Uint16Array.of(0x7c00, 0xfc00, 0x7e01, 0x3c00, 0xc000, 1, 0x8000))).toEqual(
    Float32Array.of(Infinity, -Infinity, NaN, 1, -2, 2 ** -24, -0),
  )
})

test('numbers between two are rounded to the nearest, ties to even', () => {
  // Each number of f16, the middle to the next one, and what of f32 is next to both, in both signs.
  const wrong: number[] = []
  for (let half = 0; half < 0x7c00; half++) {
    const here = widen(Uint16Array.of(half))[0]!
    const next = half === 0x7bff ? 65536 : widen(Uint16Array.of(half + 1))[0]!
    for (const exact of [here, (here + next) / 2])
      for (const step of [-1, 0, 1])
        for (const sign of [1, -1]) {
          const bits = bitsOf(exact) + step
          if (bits <= 0) continue
          const x = sign * numberOf(bits)
          if (widen(Uint16Array.of(halfOf(bitsOf(x))))[0] !== nearest(x)) wrong.push(x)
        }
  }
  expect(wrong).toEqual([])
})

test('what is beyond f16 is told, and only that', () => {
  expect(narrow(Float32Array.of(1, LARGEST, -65519.99)).beyond).toBeUndefined()
  expect(narrow(Float32Array.of(1, -65520, 1e9)).beyond).toBe(-65520)
  expect(narrow(Float32Array.of(NaN)).halves[0]! & 0x7e00).toBe(0x7e00)
})
