// What `lazy.ts` loads for projections that have fast transforms.
export { constantsOf, programFor } from '../backends/webgpu/projection-kind.ts'
export { draw } from './transforms.ts'
export { checkSeed } from './seed.ts'
