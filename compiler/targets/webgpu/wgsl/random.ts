/** Numbers that look random, the same on every device. */

import type { Helper } from '../../elementary/helper.ts'

/** The algorithm is that of `runtime/projection/random.ts`, step by step. */
export const random = (type: 'i32' | 'u32'): Helper => ({
  name: `random_${type}`,
  source: `// in [0, 1), from three integers: the first word of pcg3d (Jarzynski and Olano, 2020), 24 bits of it
fn random_${type}(a: ${type}, b: ${type}, seed: ${type}) -> f32 {
  var v = bitcast<vec3u>(vec3<${type}>(a, b, seed)) * 1664525u + 1013904223u;
  v.x += v.y * v.z;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v ^= v >> vec3u(16u);
  v.x += v.y * v.z;
  return f32(v.x >> 8u) / 16777216.0;
}`,
  uses: [],
})
