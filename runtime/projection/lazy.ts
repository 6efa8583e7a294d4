/** The drawing of projections, loaded for those attentions alone that have some. */
import { AttentionError } from '../errors.ts'
import type { Program } from '../program.ts'
import type * as Drawing from './drawing.ts'

let loaded: typeof Drawing | undefined

/** To be awaited once before `drawing` is called; from then on drawing needs no waiting. */
export async function loadDrawing({ projection }: Program): Promise<void> {
  if (projection !== undefined) loaded ??= await import('./drawing.ts')
}

export function drawing(): typeof Drawing {
  if (loaded !== undefined) return loaded
  throw new AttentionError(
    'program',
    'Nothing draws projections yet: attentions are made by createAttention.',
  )
}
