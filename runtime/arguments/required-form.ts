/** What a program has no form for, and why: loaded with what only some calls need. */
import { AttentionError } from '../errors.ts'
import type { Form, FormName, Runnable } from '../program.ts'

/** @throws AttentionError `form` where the program has none. */
export function requireForm({ name, forms, undecodable }: Runnable, wanted: FormName): Form {
  const form = forms[wanted]
  if (form !== undefined) return form
  const why =
    undecodable === undefined
      ? `it was compiled with ${Object.keys(forms).join(', ')} alone`
      : `it cannot decode, since ${undecodable}`
  throw new AttentionError('form', `${name} has no ${wanted}: ${why}.`)
}
