/** The float64 reference: slow, and at hand wherever the package attnc is. */
import type { Backend } from '../backend.ts'

const instead = 'the CPU in float64, which is slow'

/** The record of the backend reference. */
export const reference: Backend = {
  name: 'reference',
  runs: 'text',
  open: async (program, options) => (await import('./open.ts')).open(program, options),
  find: async () => ({ device: instead, options: {}, destroy: () => {} }),
  instead,
}
