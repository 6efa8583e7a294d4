/** What a program is to have. */
import { AttentionError } from '../errors.ts'

/** @throws AttentionError `program` where there is none of what the compiler writes. */
export function present<T>(found: T | undefined, what: string): T {
  if (found !== undefined) return found
  throw new AttentionError('program', `The program has no ${what}. Compile it again.`)
}
