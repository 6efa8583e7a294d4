/** A thread while a kernel is interpreted: which it is, and what its names stand for. */

/** Names of a thread live in slots of its frame; the first slots say which thread it is. */
export type Frame = Float64Array
/** Slot of a frame that holds the thread's index in its workgroup. */
export const threadSlot = 0
/** Slot of a frame that holds the workgroup's linear index. */
export const workgroupSlot = 1
/** The thread's index in the whole dispatch. */
export const invocationSlot = 2
/** The first slot that a kernel's own names may take. */
export const firstFreeSlot = 3

/** Writes to a thread's frame which thread, workgroup and invocation it stands for. */
export function enter(frame: Frame, thread: number, workgroup: number, workgroupSize: number): void {
  frame[threadSlot] = thread
  frame[workgroupSlot] = workgroup
  frame[invocationSlot] = workgroup * workgroupSize + thread
}

/** A thread, in words. */
export function who(frame: Frame): string {
  return `thread ${frame[threadSlot]} of workgroup ${frame[workgroupSlot]}`
}
