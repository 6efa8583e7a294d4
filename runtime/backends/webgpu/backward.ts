/** A call of `backward`, checked; loaded where there is one. */
import { checkCall } from '../../arguments/call.ts'
import type { CheckedCall } from '../../arguments/call.ts'
import { requireForm } from '../../arguments/required-form.ts'
import type { Program } from '../../program.ts'
import type { Engine } from './engine.ts'

/** @throws AttentionError `form` where the program has no gradients. */
export async function checkBackward(program: Program, engine: Engine, call: unknown): Promise<CheckedCall> {
  requireForm(program, 'backward')
  const checked = checkCall(program, 'backward', call, ['q', 'k', 'v', 'dout'])
  await engine.prepare('backward')
  return checked
}
