/** The action of rows on a state as passes have it: the numbers that they bind for it, and whose state it acts on. */
import type { Action } from '../algebra/attention.ts'
import { constant, divide, log } from '../symbolic/build.ts'
import type { ActionOperand, BufferPlan, Groups } from './schedule.ts'

/** What a schedule has for an action; nothing but defaults for the identity. */
export interface ActionPlan {
  readonly operand: ActionOperand
  /** Owners of states: rows that act as their query head says act on a state of its own. */
  readonly groups: Groups
  readonly buffers: readonly BufferPlan[]
}

/** The same for all targets: the runtime reads γ of a head out of its number, and names the setting by its buffer. */
export function planAction(action: Action): ActionPlan {
  if (action.kind === 'identity') return { operand: action, groups: 'kvHeads', buffers: [] }
  const buffer: BufferPlan = {
    name: 'decay',
    role: 'heads',
    element: 'f32',
    size: 'heads',
    value: divide(log(action.base), constant(Math.LN2)),
    layout: '[H], log₂ γ',
  }
  return { operand: { kind: 'powers', logarithms: buffer.name }, groups: 'heads', buffers: [buffer] }
}

/** The buffers that a pass binds for the action. */
export const boundBy = (action: ActionOperand): readonly string[] =>
  action.kind === 'identity' ? [] : [action.logarithms]

/** The same for a pass that otherwise need not know how many rows count. */
export const boundWithLengths = (action: ActionOperand): readonly string[] =>
  action.kind === 'identity' ? [] : ['lengths', ...boundBy(action)]
