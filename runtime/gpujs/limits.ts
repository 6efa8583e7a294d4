/** Whether a call fits the machine, told before anything is made. */
import { AttentionError } from '../errors.ts'
import type { Form, Shape } from '../program.ts'
import type { Machine } from './machine.ts'

export function checkLimits({ name, mostCells }: Machine, where: string, form: Form, shape: Shape): void {
  for (const { name: buffer, role, size } of form.buffers) {
    const need = size(shape)
    if (need <= mostCells) continue
    throw new AttentionError(
      'limit',
      `${where}: the ${role} buffer ${buffer} needs ${need} numbers; ${name} holds ${mostCells} in one buffer. ` +
        'Try fewer batch items or heads per call, or a shorter length.',
    )
  }
}
