// Four numbers at once, in kernels of one thread: what they read and write, and who may not.
import { describe, expect, test } from 'vitest'
import * as ir from '../../compiler/kernel/build.ts'
import { interpret } from '../../compiler/kernel/interpret.ts'
import type { Binding, Kernel, SharedArray } from '../../compiler/kernel/kernel.ts'
import { print } from '../../compiler/kernel/print.ts'
import { verify } from '../../compiler/kernel/verify.ts'
import { wgsl } from '../../compiler/targets/webgpu/print.ts'
import { numbers } from './samples.ts'
import { shapeOf } from './shape.ts'

const from: Binding = { name: 'from', element: 'f32', access: 'read' }
const to: Binding = { name: 'to', element: 'f32', access: 'read_write' }
const scratch: SharedArray = { name: 'scratch', element: 'f32', length: 9 }

/** to[5 … 8] = 2 · from[2 … 5], by way of scratch[3 … 6]. */
const kernel = (change: Partial<Kernel> = {}): Kernel => ({
  name: 'twice',
  summary: 'a test',
  workgroupSize: 1,
  count: ir.u32(1),
  bindings: [from, to],
  shared: [scratch],
  body: ir.block(
    ir.sharedStore(scratch, 3, ir.loadFour(from, 2)),
    ir.store(to, 5, ir.mul(ir.sharedLoadFour(scratch, 3), ir.splat(2))),
  ),
  ...change,
})

test('are read and written where they lie, aligned or not', () => {
  const [given, found] = [numbers(6, 1), new Float32Array(9).fill(7)]
  interpret(kernel(), { from: given, to: found }, shapeOf())
  expect([...found]).toEqual([7, 7, 7, 7, 7, ...given.subarray(2, 6).map((x) => 2 * x)])
})

test('are printed as what they are assigned from', () => {
  expect(print(kernel())).toContain('scratch[3] = from[2]')
})

describe('are refused', () => {
  test('where one of the four lies beyond the end', () => {
    const run = (read: number, written: number) => () =>
      interpret(kernel(), { from: new Float32Array(read), to: new Float32Array(written) }, shapeOf())
    expect(run(6, 9)).not.toThrow()
    expect(run(5, 9)).toThrow(/uses from\[5\], which has 5 elements/)
    expect(run(6, 8)).toThrow(/uses to\[8\], which has 8 elements/)
  })

  test('where one lane alone is used of four that are not all there', () => {
    const body = [ir.store(to, 0, ir.lane(ir.loadFour(from, 2), 0))]
    const buffers = { from: new Float32Array(5), to: new Float32Array(1) }
    expect(() => interpret(kernel({ body }), buffers, shapeOf())).toThrow(/uses from\[5\]/)
  })

  test('in a kernel of several threads', () => {
    expect(() => verify(kernel({ workgroupSize: 2 }))).toThrow(/from holds f32, not vec4f/)
    const body = [ir.store(to, 0, ir.splat(1))]
    expect(() => verify(kernel({ workgroupSize: 2, body }))).toThrow(/stored in to is f32, not vec4f/)
  })

  test('by WGSL', () => {
    expect(() => wgsl(kernel())).toThrow(/WGSL reads one number of from at a time/)
  })

  test('of integers', () => {
    expect(() => ir.loadFour({ ...from, element: 'u32' }, 0)).toThrow(/which holds u32/)
    expect(() => ir.sharedLoadFour({ ...scratch, element: 'vec4f' }, 0)).toThrow(/which holds vec4f/)
  })
})
