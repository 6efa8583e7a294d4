// How fast the device multiplies f32 matrices: a tiled kernel as a careful person writes it in plain WGSL.
import { downloaded, storage, uploaded } from '../buffers.mjs'
import { WrongResult } from '../gate.mjs'
import { timingOf } from '../statistics.mjs'
import { timeDispatch } from './dispatch.mjs'

const tile = 128
const depth = 16
/** vec4 in a row of a tile. */
const vectors = tile / 4
/** Long enough for the clock, and short enough for a processor that stands in for a GPU. */
const enough = 10
const sizes = [256, 512, 1024, 2048, 4096]

/**
 * @typedef {object} MatrixRate
 * @property {number} size of the square matrices
 * @property {number} milliseconds
 * @property {number} gigaflops 2 · size³ operations in that time, in 10⁹ a second
 */

/**
 * @param {GPUDevice} device with `timestamp-query`
 * @returns {Promise<MatrixRate>}
 */
export async function matrixRate(device) {
  for (const size of sizes) {
    const milliseconds = await timeProduct(device, size)
    if (milliseconds >= enough || size === sizes.at(-1))
      return { size, milliseconds, gigaflops: (2 * size ** 3) / milliseconds / 1e6 }
  }
  throw new Error('no sizes')
}

/**
 * AᵀB, whose tiles are rows of both matrices.
 * @param {GPUDevice} device
 * @param {number} size
 */
async function timeProduct(device, size) {
  // Small integers, whose products f32 sums without rounding.
  const matrix = (/** @type {number} */ factor) =>
    Float32Array.from({ length: size * size }, (_, index) => ((index * factor) % 7) - 3)
  const left = matrix(3)
  const right = matrix(5)
  const buffers = [uploaded(device, left), uploaded(device, right), storage(device, left.byteLength)]
  const workgroups = /** @type {const} */ ([size / tile, size / tile])
  const work = { label: `matmul ${size}`, code: kernel(size), buffers, workgroups }
  const { median } = timingOf(await timeDispatch(device, work, 5))
  const product = buffers[2]
  if (product === undefined) throw new Error('three buffers')
  const found = new Float32Array(await downloaded(device, product))
  for (const buffer of buffers) buffer.destroy()
  check(left, right, found, size)
  return median
}

/**
 * Some entries of the product, in every tile's every row and column of threads.
 * @param {Float32Array} left
 * @param {Float32Array} right
 * @param {Float32Array} found
 * @param {number} size
 */
function check(left, right, found, size) {
  for (let sample = 0; sample < 1024; sample++) {
    const row = (sample * 37) % size
    const column = (sample * 101) % size
    let sum = 0
    for (let k = 0; k < size; k++) sum += (left[k * size + row] ?? NaN) * (right[k * size + column] ?? NaN)
    if (found[row * size + column] !== sum) throw new WrongResult('The matrix kernel is wrong.')
  }
}

/**
 * 16 × 16 threads with 8 × 8 entries of the product each, as two vec4 of either side.
 * @param {number} size
 */
function kernel(size) {
  const rows = Array.from({ length: 8 }, (_, row) => row)
  const component = (/** @type {number} */ row) => `left${row >> 2}.${'xyzw'[row & 3] ?? ''}`
  return `
@group(0) @binding(0) var<storage, read> left: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> right: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> product: array<vec4<f32>>;
var<workgroup> left_tile: array<vec4<f32>, ${depth * vectors}>;
var<workgroup> right_tile: array<vec4<f32>, ${depth * vectors}>;

@compute @workgroup_size(16, 16)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) thread: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
${rows.map((row) => `  var low${row} = vec4<f32>();\n  var high${row} = vec4<f32>();`).join('\n')}
  for (var start = 0u; start < ${size}u; start += ${depth}u) {
    for (var at = index; at < ${depth * vectors}u; at += 256u) {
      let row = (start + at / ${vectors}u) * ${size / 4}u + at % ${vectors}u;
      left_tile[at] = left[row + group.y * ${vectors}u];
      right_tile[at] = right[row + group.x * ${vectors}u];
    }
    workgroupBarrier();
    for (var k = 0u; k < ${depth * vectors}u; k += ${vectors}u) {
      let left0 = left_tile[k + thread.y];
      let left1 = left_tile[k + thread.y + 16u];
      let right0 = right_tile[k + thread.x];
      let right1 = right_tile[k + thread.x + 16u];
${rows
  .map(
    (row) =>
      `      low${row} += ${component(row)} * right0;\n      high${row} += ${component(row)} * right1;`,
  )
  .join('\n')}
    }
    workgroupBarrier();
  }
  let column = group.x * ${vectors}u + thread.x;
${rows
  .map((row) => {
    const at = `(group.y * ${tile}u + ${row < 4 ? '' : '64u + '}thread.y * 4u + ${row & 3}u) * ${size / 4}u + column`
    return `  product[${at}] = low${row};\n  product[${at} + 16u] = high${row};`
  })
  .join('\n')}
}`
}
