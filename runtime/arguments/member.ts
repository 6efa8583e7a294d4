/** Forms by the members whose calls they are for. */
import type { FormName } from '../program.ts'

const members: Partial<Record<FormName, string>> = { resume: 'prefill', keep: 'forward', rest: 'backward' }

/** Whose calls a form is for, as messages say it. */
export const memberOf = (form: FormName): string => members[form] ?? form
