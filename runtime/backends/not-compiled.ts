/** Attentions that no target has kernels for. Loaded with the first of them. */
import type { BackendName } from '../contract/backends.ts'
import { AttentionError } from '../errors.ts'
import type { Program } from '../program.ts'
import type { Opening } from '../projection/lazy.ts'

/**
 * Why an attention runs on the float64 reference and on nothing else.
 *
 * @throws AttentionError `backend` where something else was asked for by name
 */
export function notCompiled(
  { name, target, uncompiled = '' }: Program,
  { backend, device }: Opening,
): string {
  const asked = device === undefined ? backend : (backend ?? target)
  const why = (on: BackendName): string => `ttention with ${uncompiled} is unsupported on ${on} yet.`
  if (asked === undefined || asked === 'reference') return `A${why(target)}`
  throw new AttentionError(
    'backend',
    `${name}: a${why(asked)} Create it with backend: 'reference' and no device.`,
  )
}
