/** What kernels for WebGPU make of projections that have fast transforms. Loaded with what draws those. */
import type { BufferPlan, Form, Later, Program } from '../../program.ts'
import { hadamardTable } from '../../projection/hadamard.ts'
import { factorsOf } from '../../projection/transforms.ts'

/** A program for projections of one kind: drawn from their law, or a matrix that the caller gave. */
export function programFor<Some extends Program | Later>(program: Some, kind: 'drawn' | 'given'): Some {
  const forms = Object.entries(program.forms).map(([name, form]) => [name, formFor(form, kind)] as const)
  const later = 'later' in program ? program.later : undefined
  return {
    ...program,
    forms: Object.fromEntries(forms),
    ...(later && { later: async () => programFor(await later(), kind) }),
  }
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

/**
 * The constants of the forms, by role: the matrix, the factors of what is drawn, or both.
 *
 * @param seed what the projection was drawn from, where it was
 */
export function constantsOf(
  { forms, projection: law }: Program,
  projection: Float32Array,
  seed = 0,
): readonly (readonly ['projection' | 'factors', Float32Array])[] {
  const roles = new Set(Object.values(forms).flatMap(({ buffers }) => buffers.map(({ role }) => role)))
  const factors = law && roles.has('factors') ? factorsOf({ ...law, seed }) : undefined
  return [
    ...(roles.has('projection') ? [['projection', projection] as const] : []),
    ...(factors === undefined ? [] : [['factors', hadamardTable(factors)] as const]),
  ]
}
