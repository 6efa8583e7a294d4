// Buffers that kernels of several threads bind as vec4f: what is read and written, how it is spelt, and who is refused.
import { describe, expect, test } from 'vitest'
import { countDispatch } from '../../compiler/cost/dispatch.ts'
import * as ir from '../../compiler/kernel/build.ts'
import { boundInFours } from '../../compiler/kernel/in-fours.ts'
import { interpret } from '../../compiler/kernel/interpret.ts'
import type { Binding, Kernel } from '../../compiler/kernel/kernel.ts'
import { print } from '../../compiler/kernel/print.ts'
import { serialise } from '../../compiler/kernel/sequential/serialise.ts'
import { verify } from '../../compiler/kernel/verify.ts'
import { wat } from '../../compiler/targets/wasm/print.ts'
import { wgsl } from '../../compiler/targets/webgpu/print.ts'
import { numbers } from './samples.ts'
import { shapeOf } from './shape.ts'

const from: Binding = { name: 'from', element: 'f32', access: 'read' }
const to: Binding = { name: 'to', element: 'f32', access: 'read_write' }

/** Thread t of 8: to[4t … 4t + 3] = from[4t … 4t + 3] + from[t]. */
const kernelOf = (body: ir.Body): Kernel =>
  boundInFours({
    name: 'shift',
    summary: 'a test',
    workgroupSize: 8,
    count: ir.u32(1),
    bindings: [from, to],
    shared: [],
    body: ir.block(body),
  })
const shift = kernelOf(
  ir.if_(
    ir.lt(ir.thread, 8),
    ir.store(to, ir.thread, ir.add(ir.loadVector(from, ir.thread), ir.splat(ir.load(from, ir.thread)))),
  ),
)

const given = numbers(32, 1)
const wanted = [...given].map((x, index) => Math.fround(x + given[index >> 2]!))

test.each([
  ['threads', shift],
  ['one thread, for which they are bound as f32', serialise(shift)],
])('are moved by %s', (_, kernel) => {
  const found = new Float32Array(32)
  interpret(kernel, { from: given, to: found }, shapeOf())
  expect([...found]).toEqual(wanted)
})

test('are bound as vec4f where four numbers are read or written at once, and nowhere else', () => {
  expect(shift.bindings.map(({ element }) => element)).toEqual(['vec4f', 'vec4f'])
  const scalar = kernelOf(ir.store(to, ir.thread, ir.lane(ir.loadVector(from, ir.thread), 2)))
  expect(scalar.bindings.map(({ element }) => element)).toEqual(['vec4f', 'f32'])
  expect(kernelOf(ir.store(to, 0, ir.load(from, 0))).bindings).toEqual([from, to])
})

test('are spelt with an index of fours, and single numbers of them by their place in one', () => {
  expect(print(shift)).toContain('from: vec4f[]')
  const { code } = wgsl(verify(shift))
  expect(code).toContain('var<storage, read> from_: array<vec4f>;')
  expect(code).toContain('to[thread] = from_[thread] + from_[thread / 4u][thread % 4u];')
  const lengths = kernelOf([
    ir.let_('four', ir.loadVector(from, 0)),
    ir.store(to, 0, ir.convert('f32', ir.div(ir.bufferLength(from), 3))),
  ])
  expect(wgsl(verify(lengths)).code).toContain('f32((4u * arrayLength(&from_)) / 3u)')
  expect(wat(verify(serialise(shift))).code).toContain('v128.load')
})

test('have as many numbers as were given, in fours or not', () => {
  const lengths = kernelOf([
    ir.let_('four', ir.loadVector(from, 0)),
    ir.store(to, ir.thread, ir.convert('f32', ir.bufferLength(from))),
  ])
  for (const kernel of [lengths, serialise(lengths)]) {
    const found = new Float32Array(8)
    interpret(kernel, { from: given, to: found }, shapeOf())
    expect([...found]).toEqual(Array<number>(8).fill(32))
  }
})

test('move whole sectors and lines, in a quarter of the instructions', () => {
  const situation = { shape: shapeOf(), width: 32, sizeOf: () => 128, contentsOf: () => () => 0 }
  const copies = (workgroupSize: number, value: ir.Body): Kernel => ({ ...kernelOf(value), workgroupSize })
  const fours = copies(32, ir.store(to, ir.thread, ir.loadVector(from, ir.thread)))
  const single = copies(
    32,
    [0, 1, 2, 3].map((part) => {
      const at = ir.add(ir.thread, 32 * part)
      return ir.store(to, at, ir.load(from, at))
    }),
  )
  const [of, ofSingle] = [fours, single].map((kernel) => countDispatch(verify(kernel), situation, 1).counts)
  const moved = { sectors: 32, leastSectors: 32, lines: 8 }
  expect(of).toMatchObject({ ...moved, globalLoads: 1, globalStores: 1 })
  expect(ofSingle).toMatchObject({ ...moved, globalLoads: 4, globalStores: 4 })
})

describe('are refused', () => {
  test('where a number of one is written alone, which may write the others', () => {
    const kernel = kernelOf([ir.store(to, 0, ir.loadVector(from, 0)), ir.store(to, 4, ir.load(from, 0))])
    expect(() => verify(kernel)).toThrow(/what is stored in to is vec4f, not f32/)
  })

  test('of integers', () => {
    expect(() => ir.loadVector({ ...from, element: 'u32' }, 0)).toThrow(/which holds u32/)
  })

  test('in buffers that hold no whole fours, or fewer', () => {
    const run = (count: number) => () =>
      interpret(shift, { from: new Float32Array(count), to: new Float32Array(32) }, shapeOf())
    expect(run(32)).not.toThrow()
    expect(run(30)).toThrow(/holds fours, and is given 30 numbers/)
    expect(run(28)).toThrow(/uses from\[7\], which has 7 elements/)
  })
})
