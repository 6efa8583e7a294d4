// When a device's output counts as right: the one judgement of the numeric suite.
import { relativeError } from './harness.ts'

export interface Comparison {
  readonly found: Float32Array
  /** In float64. */
  readonly wanted: Float64Array
  /** The same kernels in f32 on the host; see `interpreted.ts`. */
  readonly emulated: Float32Array
  readonly valueDim: number
  /** Relative root-mean-square error allowed; the suite's own, unless a case is ill-conditioned. */
  readonly rms?: number
}

/** Relative root-mean-square error allowed to f32. */
export const usualError = 1e-5

/** How many times the error that f32 arithmetic itself costs a device may make at any one element. */
const timesRounding = 4

/** Of the largest output: a row whose emulation is right to the last bit by chance allows this much. */
const lastBits = 2 ** -21

/** What is wrong with an output, in words; nothing where it is right. */
export function disagreement({ found, wanted, emulated, valueDim, rms = usualError }: Comparison): string {
  if (found.length !== wanted.length) return `${found.length} numbers where ${wanted.length} were expected`
  // Kernels wrong in themselves must not lend themselves tolerance.
  const own = relativeError(emulated, wanted)
  if (!(own <= rms)) return `the kernels, run on the host in f32, are off by ${own}, more than ${rms}`
  const error = relativeError(found, wanted)
  if (!(error <= rms)) return `off by ${error}, more than ${rms}; ${worst(found, wanted, valueDim)}`
  const floor = lastBits * wanted.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
  for (let row = 0; row * valueDim < wanted.length; row++) {
    const columns = Array.from({ length: valueDim }, (_, column) => row * valueDim + column)
    const off = (out: Float32Array): number =>
      Math.max(
        ...columns.map((index) => Math.abs((out[index] ?? Number.NaN) - (wanted[index] ?? Number.NaN))),
      )
    const allowed = timesRounding * off(emulated) + floor
    if (!(off(found) <= allowed))
      return `row ${row} is off by ${off(found)}, where f32 arithmetic is by ${off(emulated)}`
  }
  return ''
}

function worst(found: Float32Array, wanted: Float64Array, valueDim: number): string {
  let at = 0
  const off = (index: number): number => {
    const apart = Math.abs((found[index] ?? Number.NaN) - (wanted[index] ?? Number.NaN))
    return Number.isNaN(apart) ? Infinity : apart
  }
  for (let index = 1; index < wanted.length; index++) if (off(index) > off(at)) at = index
  const [row, column] = [Math.floor(at / valueDim), at % valueDim]
  return `worst at row ${row}, column ${column}: ${found[at]} for ${wanted[at]}`
}

/** The bits of f32 numbers, by which NaN is equal to itself and −0 is not 0. */
export const bitsOf = (numbers: Float32Array): Uint32Array =>
  new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length)
