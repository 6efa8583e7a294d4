// What `lazy.ts` loads, and nothing else imports: a bundler then makes a chunk of it.
export { drawProjection, hadamardFactors, hadamardTable } from './index.ts'
