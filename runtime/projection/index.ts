// Random projections and mask randomness, bit-identical wherever they are computed.
export { drawProjection, hadamardFactors } from './draw.ts'
export { type HadamardFactors, hadamardTable } from './hadamard.ts'
export { normalQuantile } from './normal.ts'
export { random } from './random.ts'
