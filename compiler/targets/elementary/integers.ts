/** Functions of masks, on integers, and the remainder of floats. All are formulas, which targets translate. */

import type { Helper } from './helper.ts'

type Integer = 'i32' | 'u32'

/** ⌊a / b⌋. */
export const floorDivide = (type: Integer): Helper => ({
  name: `floor_divide_${type}`,
  source:
    type === 'u32'
      ? `// ⌊a / b⌋
fn floor_divide_u32(a: u32, b: u32) -> u32 {
  return a / b;
}`
      : `// ⌊a / b⌋: division cuts towards 0, which is one too many where a remainder's sign is not b's
fn floor_divide_i32(a: i32, b: i32) -> i32 {
  let remainder = a % b;
  return a / b - select(0i, 1i, (remainder != 0) & ((remainder < 0) != (b < 0)));
}`,
  uses: [],
})

/** ⌊a / 2^bits⌋: a shift keeps the sign, so that it rounds down. */
export const floorDivideByPower = (type: Integer, bits: number): Helper => ({
  name: `floor_divide_${type}_by_${2 ** bits}`,
  source: `// ⌊a / ${2 ** bits}⌋
fn floor_divide_${type}_by_${2 ** bits}(a: ${type}) -> ${type} {
  return a >> ${bits}u;
}`,
  uses: [],
})

/** a − 2^bits·⌊a / 2^bits⌋: the last bits, of what is below 0 as well. */
export const floorModuloByPower = (type: Integer, bits: number): Helper => ({
  name: `floor_modulo_${type}_by_${2 ** bits}`,
  source: `// a − ${2 ** bits}·⌊a / ${2 ** bits}⌋
fn floor_modulo_${type}_by_${2 ** bits}(a: ${type}) -> ${type} {
  return a & ${2 ** bits - 1}${type === 'u32' ? 'u' : 'i'};
}`,
  uses: [],
})

/** a − b·⌊a / b⌋, of integers. */
export const floorModulo = (type: Integer): Helper => ({
  name: `floor_modulo_${type}`,
  source:
    type === 'u32'
      ? `// a − b·⌊a / b⌋
fn floor_modulo_u32(a: u32, b: u32) -> u32 {
  return a % b;
}`
      : `// a − b·⌊a / b⌋, which has the sign of b
fn floor_modulo_i32(a: i32, b: i32) -> i32 {
  let remainder = a % b;
  return remainder + select(0i, b, (remainder != 0) & ((remainder < 0) != (b < 0)));
}`,
  uses: [],
})

/** A number in [0, 1) that looks random, the same on every device. The algorithm is that of `runtime/projection/random.ts`, step by step. */
export const random = (type: Integer): Helper => ({
  name: `random_${type}`,
  source: `// in [0, 1), from three integers: the first word of pcg3d (Jarzynski and Olano, 2020), 24 bits of it
fn random_${type}(a: ${type}, b: ${type}, seed: ${type}) -> f32 {
  let x = bitcast<u32>(a) * 1664525u + 1013904223u;
  let y = bitcast<u32>(b) * 1664525u + 1013904223u;
  let z = bitcast<u32>(seed) * 1664525u + 1013904223u;
  let x1 = x + y * z;
  let y1 = y + z * x1;
  let z1 = z + x1 * y1;
  let x2 = x1 ^ (x1 >> 16u);
  let y2 = y1 ^ (y1 >> 16u);
  let z2 = z1 ^ (z1 >> 16u);
  let word = x2 + y2 * z2;
  return f32(word >> 8u) / 16777216.0;
}`,
  uses: [],
})

/** a − b·⌊a / b⌋, of f32. */
export const floorModuloOfFloats: Helper = {
  name: 'floor_modulo_f32',
  source: `// a − b·⌊a / b⌋, which has the sign of b: a quotient that was rounded across a whole number is one off
fn floor_modulo_f32(a: f32, b: f32) -> f32 {
  let remainder = a - b * floor(a / b);
  let under = remainder * sign(b) < 0.0;
  let over = abs(remainder) >= abs(b);
  return remainder + select(select(0.0, -b, over), b, under);
}`,
  uses: [],
}
