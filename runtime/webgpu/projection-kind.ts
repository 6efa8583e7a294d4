/** A program for projections of one kind: drawn from their law, or a matrix that the caller gave. */
import type { BufferPlan, Form, Program } from '../program.ts'

export function programFor(program: Program, kind: 'drawn' | 'given'): Program {
  const forms = Object.entries(program.forms).map(([name, form]) => [name, formFor(form, kind)] as const)
  return { ...program, forms: Object.fromEntries(forms) as unknown as Program['forms'] }
}

function formFor(form: Form, kind: 'drawn' | 'given'): Form {
  const isFor = (dispatch: Form['dispatches'][number]): boolean =>
    !('when' in dispatch) || dispatch.when === kind
  if (form.dispatches.every(isFor)) return form
  const dispatches = form.dispatches.filter(isFor)
  const used = new Set(dispatches.flatMap(({ buffers }) => buffers))
  const isNeeded = ({ name, role }: BufferPlan): boolean =>
    (role !== 'projection' && role !== 'factors') || used.has(name)
  return { ...form, buffers: form.buffers.filter(isNeeded), dispatches }
}
