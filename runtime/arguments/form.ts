/** What a program may have been compiled without. */
import { AttentionError } from '../errors.ts'
import type { Form, Program } from '../program.ts'

/** @throws AttentionError `form` where the program was compiled without it. */
export function requireForm({ name, forms }: Program, wanted: keyof Program['forms']): Form {
  const form = forms[wanted]
  if (form !== undefined) return form
  throw new AttentionError(
    'form',
    `${name} was compiled without ${wanted}; it has ${Object.keys(forms).join(', ')}.`,
  )
}

/** @throws AttentionError `program` where there is none of what the compiler writes. */
export function present<T>(found: T | undefined, what: string): T {
  if (found !== undefined) return found
  throw new AttentionError('program', `The program has no ${what}. Compile it again.`)
}
