/**
 * How many batch items of a call run at once, so that its buffers fit the
 * machine; told before anything is made. Items share nothing, but what a
 * kernel writes it writes wholly: slices are calls of their own.
 */
import { isFloat32Array } from '../arguments/describe.ts'
import type { CallSizes } from '../arguments/sizes.ts'
import { AttentionError } from '../errors.ts'
import type { Form, Shape } from '../program.ts'
import type { Inputs } from './inputs.ts'
import type { Machine } from './machine.ts'

/** The form's shape for a call, or for a slice of it. */
export function shapeOf(form: Form, sizes: CallSizes): Shape {
  const sliceCount = sizes.batch * sizes[form.groups]
  const chunks = form.chunks({ ...sizes, chunks: 1, sliceStart: 0, sliceCount })
  return { ...sizes, chunks, sliceStart: 0, sliceCount }
}

/** @throws AttentionError `limit` where one batch item alone is too large, or where they cannot be parted */
export function itemsAtOnce(
  machine: Machine,
  where: string,
  form: Form,
  sizes: CallSizes,
  parted: boolean,
): number {
  const excessOf = (batch: number): Excess | undefined =>
    findExcess(machine, form, shapeOf(form, { ...sizes, batch }))
  const fewest = parted ? 1 : sizes.batch
  let items = sizes.batch
  while (items > fewest && excessOf(items) !== undefined) items = Math.ceil(items / 2)
  const excess = excessOf(items)
  if (excess === undefined) return items
  throw new AttentionError(
    'limit',
    `${where}: ${excess.what} ${excess.need} numbers; ${machine.name} holds ${machine.mostCells} ${excess.together ? 'for one kernel' : 'in one buffer'}. ` +
      `Try fewer ${parted ? 'heads' : 'batch items or heads'} per call, or a shorter length.`,
  )
}

interface Excess {
  readonly what: string
  readonly need: number
  readonly together: boolean
}

/** The first thing that is too large. WebAssembly holds all that a kernel sees in one memory. */
function findExcess({ mode, mostCells }: Machine, form: Form, shape: Shape): Excess | undefined {
  const sizes = new Map(form.buffers.map(({ name, size }) => [name, size(shape)]))
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

/** At most `count` batch items of a call, from the first on. */
export function sliceOf({ sizes, tensors, lengths }: Inputs, first: number, count: number): Inputs {
  const { batch } = sizes
  const end = Math.min(first + count, batch)
  const part = (numbers: Float32Array): Float32Array =>
    numbers.subarray((numbers.length / batch) * first, (numbers.length / batch) * end)
  return {
    sizes: { ...sizes, batch: end - first },
    tensors: new Map(
      [...tensors].map(([name, tensor]) => [name, isFloat32Array(tensor) ? part(tensor) : tensor]),
    ),
    lengths: lengths?.subarray(first, end),
  }
}

/** The outputs of slices, one behind the other. */
export async function joined(
  pending: readonly Promise<ReadonlyMap<string, Float32Array>>[],
): Promise<ReadonlyMap<string, Float32Array>> {
  const slices = await Promise.all(pending)
  const names = [...(slices[0]?.keys() ?? [])]
  return new Map(
    names.map((name) => {
      const parts = slices.map((slice) => slice.get(name) ?? new Float32Array(0))
      const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
      let offset = 0
      for (const part of parts) {
        all.set(part, offset)
        offset += part.length
      }
      return [name, all] as const
    }),
  )
}
