import { fillNormal } from '../../../runtime/projection/normal.ts'

/** Far from the uses to which projections put their streams, so that no input repeats a projection's numbers. */
const firstUse = 1000

/**
 * Independent N(0, deviation²) entries, the same for the same seed on every machine.
 *
 * @param stream which tensor of the seed, from 0
 */
export function normals(count: number, seed: number, stream: number, deviation: number): Float32Array {
  const values = fillNormal(new Float64Array(count), { seed, use: firstUse + stream, block: 0 })
  return Float32Array.from(values, (value) => value * deviation)
}
