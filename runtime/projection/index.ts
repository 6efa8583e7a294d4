// Random projections and mask randomness, bit-identical wherever they are computed.
export { type Coupling, drawProjection, hadamardFactors, type ProjectionOptions } from './draw.ts'
export { type HadamardFactors, hadamardTable } from './hadamard.ts'
export { normalQuantile } from './normal.ts'
export { random } from './random.ts'
