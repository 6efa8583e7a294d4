/** What a program is to have. */
import { AttentionError } from '../errors.ts'
import type { FormName } from '../program.ts'

const members: Partial<Record<FormName, string>> = { resume: 'prefill', keep: 'forward', rest: 'backward' }

/** Whose calls a form is for, as messages say it. */
export const memberOf = (form: FormName): string => members[form] ?? form

/** @throws AttentionError `program` where there is none of what the compiler writes. */
export function present<T>(found: T | undefined, what: string): T {
  if (found !== undefined) return found
  throw new AttentionError('program', `The program has no ${what}. Compile it again.`)
}
