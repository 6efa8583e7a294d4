/** Every function of one number that has no other part in the language. */
import { activations } from './activations.ts'
import { elementary } from './elementary.ts'

/** The records, by name. */
export const functions = { ...elementary, ...activations }
