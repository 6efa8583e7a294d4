/** Kernels between buffers of f16 and of f32, two numbers a turn, for devices with or without the feature shader-f16. */

const turns = (count: string, body: string): string => `
@compute @workgroup_size(64)
fn convert(@builtin(global_invocation_id) place: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let count = ${count};
  for (var first = 2u * place.x; first < count; first += 128u * groups.x) {
${body}
  }
}
`

/** As many numbers as `wide` has. */
export const widening = `
@group(0) @binding(0) var<storage, read> halves: array<u32>;
@group(0) @binding(1) var<storage, read_write> wide: array<f32>;
${turns(
  'arrayLength(&wide)',
  `    let two = unpack2x16float(halves[first / 2u]);
    wide[first] = two.x;
    if (first + 1u < count) { wide[first + 1u] = two.y; }`,
)}`

/**
 * The nearest number of f16 to an f32, both as bits. The builtin pack2x16float may round either way, so the digits are
 * rounded here, as `half.ts` does; `tooLarge` is what is done where a number is beyond f16.
 */
const half = (tooLarge: string): string => `
fn half(word: u32) -> u32 {
  let sign = (word >> 16u) & 0x8000u;
  let size = word & 0x7fffffffu;
  if (size > 0x7f800000u) { return sign | 0x7e00u; }
  if (size >= 0x477ff000u) { ${tooLarge}return sign | 0x7c00u; }
  if (size >= 0x38800000u) { return sign | ((size + 0xfffu + ((size >> 13u) & 1u) - 0x38000000u) >> 13u); }
  let shift = 126u - (size >> 23u);
  if (shift > 24u) { return sign; }
  let digits = (size & 0x7fffffu) | 0x800000u;
  let rest = digits & ((1u << shift) - 1u);
  let halfway = 1u << (shift - 1u);
  let below = digits >> shift;
  return sign | (below + u32(rest > halfway || (rest == halfway && (below & 1u) == 1u)));
}
`

/** The function `halves`, of two numbers of f32: a word of two of f16. */
export const rounding = `${half('')}
fn halves(x: vec2f) -> u32 { return half(bitcast<u32>(x.x)) | (half(bitcast<u32>(x.y)) << 16u); }
`

/** As many numbers as `wide` has; what lies behind them stays. Where one is beyond f16, `beyond` is set. */
export const narrowing = `
@group(0) @binding(0) var<storage, read> wide: array<u32>;
@group(0) @binding(1) var<storage, read_write> halves: array<u32>;
@group(0) @binding(2) var<storage, read_write> beyond: atomic<u32>;
${half('atomicStore(&beyond, 1u); ')}
${turns(
  'arrayLength(&wide)',
  `    let low = half(wide[first]);
    var high = halves[first / 2u] >> 16u;
    if (first + 1u < count) { high = half(wide[first + 1u]); }
    halves[first / 2u] = low | (high << 16u);`,
)}`
