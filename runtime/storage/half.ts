/**
 * Numbers of 16 bits (IEEE 754 binary16: 11 significant bits, at most 65,504, steps of 2⁻²⁴ near 0) as their bits, since
 * not every engine has `Float16Array`. Rounding is to the nearest, ties to even; `halves.wgsl.ts` does the same to the bit.
 */

/** The largest number that f16 holds. */
export const LARGEST = 65504

/** From here on the nearest number of f16 would be infinity: 65,520 as the bits of an f32. */
const TOO_LARGE = 0x477f_f000
/** 2⁻¹⁴, the smallest number with 11 significant bits, as the bits of an f32. */
const SMALLEST_NORMAL = 0x3880_0000

/** The bits of the f16 nearest to an f32 of these bits. */
export function halfOf(word: number): number {
  const sign = (word >>> 16) & 0x8000
  const size = word & 0x7fff_ffff
  if (size > 0x7f80_0000) return sign | 0x7e00
  if (size >= TOO_LARGE) return sign | 0x7c00
  // Exponents of f32 begin 112 lower.
  if (size >= SMALLEST_NORMAL) return sign | ((size + 0xfff + ((size >>> 13) & 1) - 0x3800_0000) >>> 13)
  const shift = 126 - (size >>> 23)
  if (shift > 24) return sign
  const digits = (size & 0x7f_ffff) | 0x80_0000
  const rest = digits & ((1 << shift) - 1)
  const halfway = 1 << (shift - 1)
  const below = digits >>> shift
  return sign | (below + Number(rest > halfway || (rest === halfway && (below & 1) === 1)))
}

const valueOf = (half: number): number => {
  const [exponent, digits] = [(half >>> 10) & 31, half & 1023]
  const sign = half & 0x8000 ? -1 : 1
  if (exponent === 31) return digits === 0 ? sign * Infinity : NaN
  return sign * (exponent === 0 ? digits * 2 ** -24 : (1 + digits / 1024) * 2 ** (exponent - 15))
}

let values: Float32Array | undefined

/** The numbers behind the bits; exact. */
export function widen(halves: Uint16Array): Float32Array {
  const table = (values ??= Float32Array.from({ length: 0x1_0000 }, (_, half) => valueOf(half)))
  const wide = new Float32Array(halves.length)
  for (let index = 0; index < wide.length; index++) wide[index] = table[halves[index] ?? 0] ?? 0
  return wide
}

/** The nearest numbers of f16 as bits, and the first number that is beyond them, if there is one. */
export function narrow(wide: Float32Array): { halves: Uint16Array<ArrayBuffer>; beyond?: number } {
  const words = new Uint32Array(wide.buffer, wide.byteOffset, wide.length)
  const halves = new Uint16Array(wide.length)
  let beyond: number | undefined
  for (let index = 0; index < halves.length; index++) {
    const half = halfOf(words[index] ?? 0)
    if ((half & 0x7fff) === 0x7c00) beyond ??= wide[index]
    halves[index] = half
  }
  return beyond === undefined ? { halves } : { halves, beyond }
}
