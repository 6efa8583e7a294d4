// What one core can do at most: a product of packed panels by a tile of 4 × 8, with all that it touches in the first cache.
import compile from 'watr/compile'

const depth = 256
const times = 2000

/** Its accumulators, two vectors for each of four rows. */
const sums = Array.from({ length: 8 }, (_, index) => `$c${index}`)

/** @param {boolean} relaxed whether a product and a sum are one instruction */
function kernel(relaxed) {
  const add = (/** @type {string} */ sum, /** @type {string} */ b) =>
    relaxed
      ? `(f32x4.relaxed_madd (local.get $a) (local.get ${b}) (local.get ${sum}))`
      : `(f32x4.add (f32x4.mul (local.get $a) (local.get ${b})) (local.get ${sum}))`
  const rows = [0, 1, 2, 3].map((row) => {
    const [left = '', right = ''] = sums.slice(2 * row, 2 * row + 2)
    return `(local.set $a (v128.load32_splat offset=${4 * row} (local.get $left)))
      (local.set ${left} ${add(left, '$b0')}) (local.set ${right} ${add(right, '$b1')})`
  })
  return `(module (memory (export "memory") 1) (func (export "run") (param $times i32)
    (local $left i32) (local $right i32) (local $a v128) (local $b0 v128) (local $b1 v128)
    ${sums.map((sum) => `(local ${sum} v128)`).join(' ')}
    (loop $again
      (local.set $left (i32.const 0)) (local.set $right (i32.const 8192))
      (loop $deeper
        (local.set $b0 (v128.load (local.get $right))) (local.set $b1 (v128.load offset=16 (local.get $right)))
        ${rows.join('\n')}
        (local.set $left (i32.add (local.get $left) (i32.const 16)))
        (local.set $right (i32.add (local.get $right) (i32.const 32)))
        (br_if $deeper (i32.lt_u (local.get $left) (i32.const ${16 * depth}))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    ${sums.map((sum, place) => `(v128.store offset=${32768 + 16 * place} (i32.const 0) (local.get ${sum}))`).join(' ')}))`
}

/**
 * @typedef {object} Peak
 * @property {boolean} relaxed
 * @property {() => number} measure GFLOP/s of one thread, now
 * @property {(left: Float32Array, right: Float32Array) => Float32Array} product [4, 8], of panels [256, 4] and [256, 8]
 */

/** @returns {Promise<Peak>} with relaxed SIMD where this engine has it */
export async function openPeak() {
  const relaxed = WebAssembly.validate(/** @type {Uint8Array<ArrayBuffer>} */ (compile(kernel(true))))
  const bytes = /** @type {Uint8Array<ArrayBuffer>} */ (compile(kernel(relaxed)))
  const { instance } = await WebAssembly.instantiate(bytes)
  const run = /** @type {(times: number) => void} */ (instance.exports['run'])
  const { buffer } = /** @type {WebAssembly.Memory} */ (instance.exports['memory'])
  const numbers = new Float32Array(buffer)
  run(times)
  return {
    relaxed,
    product(left, right) {
      numbers.set(left, 0)
      numbers.set(right, 8192 / 4)
      run(1)
      return numbers.slice(32768 / 4, 32768 / 4 + 32)
    },
    measure() {
      const start = performance.now()
      run(times)
      return (2 * 4 * 8 * depth * times) / (performance.now() - start) / 1e6
    },
  }
}
