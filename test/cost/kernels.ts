/** Small kernels whose counts are known by hand. */
import * as ir from '../../compiler/kernel/build.ts'
import type { Binding, Kernel, SharedArray, Value } from '../../compiler/kernel/kernel.ts'
import { Counter } from '../../compiler/cost/counter.ts'
import { verify } from '../../compiler/kernel/verify.ts'
import { shapeOf } from '../kernel/shape.ts'

export const source: Binding = { name: 'source', element: 'f32', access: 'read' }
export const target: Binding = { name: 'target', element: 'f32', access: 'read_write' }
export const order: Binding = { name: 'order', element: 'u32', access: 'read' }

/** A kernel of 64 threads a workgroup. */
export function kernelOf(body: ir.Body, rest: Partial<Kernel> = {}): Kernel {
  return {
    name: 'sample',
    summary: 'a sample',
    workgroupSize: 64,
    count: ir.shape('chunks'),
    bindings: [source, target, order],
    shared: [],
    ...rest,
    body: ir.block(body),
  }
}

/** The thread's index in the dispatch. */
export const number = ir.add(ir.mul(ir.workgroup, 64), ir.thread)

/** Every thread writes what it reads at an index. */
export const copyFrom = (index: Value): Kernel => kernelOf(ir.store(target, number, ir.load(source, index)))

/** Every thread reads workgroup memory at an index. */
export function sharedRead(array: SharedArray, index: Value): Kernel {
  const value = ir.sharedLoad(array, index)
  const read = ir.let_('read', array.element === 'vec4f' ? ir.lane(value, 0) : value)
  return kernelOf([read, ir.store(target, number, ir.ref(read))], { shared: [array] })
}

/** A counter for a kernel of one workgroup, or of `chunks`. */
export function counterOf(kernel: Kernel, width = 32, chunks = 1): Counter {
  return new Counter(verify(kernel), {
    shape: shapeOf({ chunks }),
    width,
    sizeOf: () => 1 << 20,
    contentsOf: () => (index) => index,
  })
}
