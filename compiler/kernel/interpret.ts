/**
 * Runs a kernel on the host, in f32 arithmetic rounded after each operation: the
 * meaning of the IR, against which what targets make of it is held.
 *
 * Between two barriers the threads of a workgroup run one after another, each
 * to the end of the stretch; a statement that holds a barrier has uniform
 * control, so it is run once for all threads, which must agree on it. Storage is
 * bounds-checked; shared memory starts as NaN; and with `races` two threads that
 * touch one cell without a barrier between, one of them writing, are found out
 * (in storage, which no barrier orders, anywhere in the dispatch).
 */

import { invariant } from '../diagnostics/invariant.ts'
import { writeRead } from './interpret/access.ts'
import { enter } from './interpret/frame.ts'
import { Cells } from './interpret/memory.ts'
import type { Storage } from './interpret/memory.ts'
import { Scope } from './interpret/scope.ts'
import { workgroupNames, workgroupOf, writeForWorkgroup } from './interpret/statements.ts'
import type { Workgroup } from './interpret/statements.ts'
import { made, Text } from './interpret/text.ts'
import type { Maker } from './interpret/text.ts'
import { compileValue } from './interpret/values.ts'
import type { Binding, Kernel } from './kernel.ts'
import type { ShapeField } from '../../runtime/contract/shape.ts'
import { verify } from './verify.ts'

/** Settings of `interpret`; finding races costs time and memory, so a caller may switch it off. */
export interface InterpretOptions {
  /** Whether to find races; true by default. */
  readonly races?: boolean
}

/** Runs all workgroups in order; the kernel stores into `buffers` in place. */
export function interpret(
  kernel: Kernel,
  buffers: Readonly<Record<string, Storage>>,
  shape: Readonly<Record<ShapeField, number>>,
  { races = true }: InterpretOptions = {},
): void {
  const { scope, body } = written(kernel)
  const { bindings, shared, count, workgroupSize } = kernel
  const storage = bindings.map(
    (binding) =>
      [
        binding.name,
        Cells.storage(binding, contents(binding, buffers), races && binding.access === 'read_write'),
      ] as const,
  )
  const workgroupMemory = shared.map(
    ({ name, length, element }) => [name, Cells.shared(name, length, element, races)] as const,
  )
  const machine = { memory: new Map([...storage, ...workgroupMemory]), shape }
  const workgroups = compileValue(count, scope, machine)(new Float64Array(0))
  const frames = Array.from({ length: workgroupSize }, () => new Float64Array(scope.environment.slots))
  const barrier = (): void => workgroupMemory.forEach(([, cells]) => cells.barrier())
  const run = body(machine)
  const group = workgroupOf(frames, barrier)
  for (let workgroup = 0; workgroup < workgroups; workgroup++) {
    frames.forEach((frame, thread) => enter(frame, thread, workgroup, workgroupSize))
    workgroupMemory.forEach(([, cells]) => cells.poison())
    run(group)
  }
}

interface Written {
  readonly scope: Scope
  /** What a workgroup does. */
  readonly body: Maker<(workgroup: Workgroup) => void>
}

/** A kernel is interpreted again and again. */
const known = new WeakMap<Kernel, Written>()

function written(kernel: Kernel): Written {
  const before = known.get(kernel)
  if (before !== undefined) return before
  const { bindings, shared, body } = verify(kernel)
  const memory = [...bindings, ...shared].map(
    ({ name, element }) => [name, { lanes: element === 'vec4f' ? 4 : 1 }] as const,
  )
  const scope = Scope.of(new Map(memory))
  const text = new Text(writeRead)
  text.line(`return ({ ${workgroupNames.join(', ')} }) => {`)
  writeForWorkgroup(body, scope, text)
  text.line('}')
  const result: Written = { scope, body: made(scope.environment.memory.keys(), text.lines) }
  known.set(kernel, result)
  return result
}

function contents({ name, element }: Binding, buffers: Readonly<Record<string, Storage>>): Storage {
  const buffer = buffers[name]
  const array = element === 'u32' ? Uint32Array : Float32Array
  invariant(buffer instanceof array, `the buffer ${name} is given as a ${array.name}`)
  const whole = element !== 'vec4f' || buffer.length % 4 === 0
  invariant(whole, `the buffer ${name} holds fours, and is given ${buffer.length} numbers`)
  return buffer
}
