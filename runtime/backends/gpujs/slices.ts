/**
 * How much of a call runs at once, so that its buffers fit the machine; told
 * before anything is made. A call is cut into batch items, then into the groups
 * of one, and where rows stand apart into blocks of the rows of a group.
 */
import type { CallSizes } from '../../arguments/sizes.ts'
import { groupsTogether } from '../../calls/slices.ts'
import { AttentionError } from '../../errors.ts'
import type { Form } from '../../program.ts'
import type { Shape } from '../../contract/shape.ts'
import type { Machine } from './machine.ts'

/** The most of each that a slice has. */
export interface Slicing {
  readonly items: number
  readonly groups: number
  readonly rows: number
}

/** The form's shape for a call, or for some groups of it. */
export function shapeOf(form: Form, sizes: CallSizes, firstGroup = 0, groups = groupsOf(form, sizes)): Shape {
  const slice = { sliceStart: firstGroup, sliceCount: groups }
  return { ...sizes, ...slice, chunks: form.chunks({ ...sizes, ...slice, chunks: 1 }) }
}

export const groupsOf = ({ groups }: Form, sizes: CallSizes): number => sizes.batch * sizes[groups]

/** What a slice writes of a buffer: outputs are written group by group, but for totals over all groups. */
export const cellsOf = (form: Form, { role, size, total }: Form['buffers'][number], shape: Shape): number =>
  role === 'output' && !total ? (size(shape) / groupsOf(form, shape)) * shape.sliceCount : size(shape)

/** What is carried over is of a whole call, but for its rows. */
export const carries = ({ buffers }: Form): boolean => buffers.some(({ role }) => role === 'state')

/** @throws AttentionError `limit` where the smallest slice is too large */
export function slicingOf(machine: Machine, where: string, form: Form, sizes: CallSizes): Slicing {
  const parted = !carries(form)
  const unit = groupsTogether(form, sizes)
  const whole = { items: sizes.batch, groups: sizes[form.groups], rows: sizes.length }
  const fewest = {
    items: parted ? 1 : whole.items,
    groups: parted ? unit : whole.groups,
    rows: form.rows === 'apart' ? 1 : whole.rows,
  }
  const shapeFor = (slicing: Slicing): Shape => largestSlice(form, sizes, slicing, parted)
  const slicing = { ...whole }
  for (const dimension of ['items', 'groups', 'rows'] as const)
    while (slicing[dimension] > fewest[dimension] && isTooLarge(machine, form, shapeFor(slicing)))
      slicing[dimension] = halved(slicing[dimension], dimension === 'groups' ? unit : 1)
  const excess = findExcess(machine, form, shapeFor(slicing))
  if (excess === undefined) return slicing
  throw new AttentionError(
    'limit',
    `${where}: ${excess.what} ${excess.need} numbers; ${machine.name} holds ${machine.mostCells} ${excess.together ? 'for one kernel' : 'in one buffer'}. ` +
      `Try fewer ${parted ? 'heads' : 'batch items or heads'} per call, or a shorter length.`,
  )
}

/** About half of a count, in whole units. */
const halved = (count: number, unit: number): number => Math.ceil(count / unit / 2) * unit

/** Cached rows are most in the last block. */
function largestSlice(
  form: Form,
  sizes: CallSizes,
  { items, groups, rows }: Slicing,
  parted: boolean,
): Shape {
  const slice = {
    ...sizes,
    batch: items,
    length: rows,
    keyLength: parted ? sizes.keyLength : Math.min(sizes.keyLength, rows),
    offset: sizes.offset + sizes.length - rows,
  }
  return shapeOf(form, slice, 0, items * groups)
}

/** Where rows can be cut they are, before memory is short. */
function isTooLarge(machine: Machine, form: Form, shape: Shape): boolean {
  const ample =
    form.rows === 'apart' &&
    form.buffers.some(({ role, size }) => role === 'scratch' && size(shape) > machine.scratchCells)
  return ample || findExcess(machine, form, shape) !== undefined
}

interface Excess {
  readonly what: string
  readonly need: number
  readonly together: boolean
}

/** The first thing that is too large. WebAssembly holds all that a kernel sees in one memory. */
function findExcess({ mode, mostCells }: Machine, form: Form, shape: Shape): Excess | undefined {
  const sizes = new Map(form.buffers.map((plan) => [plan.name, cellsOf(form, plan, shape)]))
  for (const { name, role } of form.buffers) {
    const need = sizes.get(name) ?? 0
    if (need > mostCells) return { what: `the ${role} buffer ${name} needs`, need, together: false }
  }
  if (mode === 'webgl2') return undefined
  for (const { kernel, buffers } of form.dispatches) {
    const need = buffers.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0)
    if (need > mostCells) return { what: `the buffers of the kernel ${kernel} need`, need, together: true }
  }
  return undefined
}
