/** Whether every query head of a call has the number that the program gives each head. */
import type { Program } from '../program.ts'

/** The compiler has looked at the first heads only, and a call may bring any number. */
export function checkHeads(where: string, { forms }: Program, heads: number): void {
  for (const { name, value } of forms.forward.buffers) {
    if (value === undefined) continue
    for (let head = 0; head < heads; head++) {
      const logarithm = value(head)
      if (logarithm <= 0 && Number.isFinite(logarithm)) continue
      throw new RangeError(
        `${where}: the ${name} of query head ${head} must be in (0, 1]; it is ${2 ** logarithm}. Try ${head} heads at the most.`,
      )
    }
  }
}
