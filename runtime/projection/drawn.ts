// What `lazy.ts` loads for projections that have no fast transforms.
export { draw } from './rows.ts'
export { checkSeed } from './seed.ts'
