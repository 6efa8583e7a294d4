/** What an attention loads with the first call that needs it: apart, so that no other page has the names of all that it takes. */
import type * as Backward from './backward.ts'
import type * as Decoding from './decoding.ts'

export const decoding = (): Promise<typeof Decoding> => import('./decoding.ts')
export const backward = (): Promise<typeof Backward> => import('./backward.ts')
