/** The tensors of an attention, for the settings that are read after them. */
import { isCausal } from '../data.ts'
import type { Data } from '../data.ts'
import type { Context } from './setting.ts'

/** What is declared, and whether keys and queries are the same rows. */
export const dataOf = ({
  draft: { inputs = [], weights = [] },
  declaration,
}: Context): Data & { readonly sameRows: boolean } => ({ inputs, weights, sameRows: isCausal(declaration) })
