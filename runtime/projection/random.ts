/**
 * `random(a, b, seed)` of the attn language: a number in [0, 1) that depends on its integer arguments alone and
 * is the same on every device. It is pcg3d of Jarzynski and Olano, "Hash functions for GPU rendering" (Journal
 * of Computer Graphics Techniques 9(3), 2020), on the vector (a, b, seed), of which the upper 24 bits of the
 * first word are kept: so many fit an f32 mantissa, and f32 and f64 agree exactly.
 *
 * The algorithm, all of it in u32 arithmetic modulo 2^32 (integers outside u32 enter modulo 2^32, so −1 is
 * 0xffffffff, as WGSL's `bitcast<u32>` has it):
 *
 *     x = a·1664525 + 1013904223    y = b·1664525 + 1013904223    z = seed·1664525 + 1013904223
 *     x += y·z    y += z·x    z += x·y        each line's assignments in this order, on the values so far
 *     x ^= x >> 16    y ^= y >> 16    z ^= z >> 16
 *     x += y·z                                (y and z no longer matter)
 *     result = (x >> 8) · 2^−24
 *
 * In WGSL: `f32(x >> 8u) * 0x1p-24f`, exact in f32.
 *
 * @returns a multiple of 2^−24 in [0, 1)
 */
export function random(a: number, b: number, seed: number): number {
  let x = (Math.imul(a, 1664525) + 1013904223) | 0
  let y = (Math.imul(b, 1664525) + 1013904223) | 0
  let z = (Math.imul(seed, 1664525) + 1013904223) | 0
  x = (x + Math.imul(y, z)) | 0
  y = (y + Math.imul(z, x)) | 0
  z = (z + Math.imul(x, y)) | 0
  x ^= x >>> 16
  y ^= y >>> 16
  z ^= z >>> 16
  x = (x + Math.imul(y, z)) | 0
  return (x >>> 8) / 0x100_0000
}
