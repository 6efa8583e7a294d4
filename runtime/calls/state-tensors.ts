/** What a program carries from call to call, as it is saved: f32 tensors by the names of its buffers. */
import { present } from '../arguments/form.ts'
import type { SavedState } from '../attention.ts'
import type { Program } from '../program.ts'
import { wholeCall } from './slices.ts'
import type { StateSizes } from './buffer-state.ts'

interface StateTensor {
  readonly name: string
  /** Numbers. */
  readonly size: number
  readonly scales?: true | undefined
}

/** The tensors of a state of these sizes. */
export function stateTensors(
  { forms: { step } }: Program,
  { batch, heads, kvHeads, capacity }: StateSizes,
): readonly StateTensor[] {
  const form = present(step, 'step')
  const shape = wholeCall(form, { batch, heads, kvHeads, capacity, length: 1, keyLength: 1, offset: 0 })
  return form.buffers
    .filter(({ role }) => role === 'state')
    .map(({ name, size, scales }) => ({ name, size: size(shape), scales }))
}

/** @throws RangeError where the saved tensors are not of their sizes. */
export function checkStateTensors(program: Program, { tensors, ...sizes }: SavedState): void {
  for (const { name, size } of stateTensors(program, sizes)) {
    const tensor = tensors[name]
    if (tensor?.length !== size)
      throw new RangeError(
        `${program.name}.restore: the tensor ${name} is expected to have ${size} numbers; ` +
          `the saved state has ${tensor === undefined ? 'none' : String(tensor.length)}.`,
      )
  }
}
