// What the printer of WAT does with innermost loops: what stands in them, and that it means the same.
import { describe, expect, test } from 'vitest'
import * as ir from '../../compiler/kernel/build.ts'
import type { Body } from '../../compiler/kernel/build.ts'
import { interpret } from '../../compiler/kernel/interpret.ts'
import type { Binding, Kernel, Value } from '../../compiler/kernel/kernel.ts'
import { wat } from '../../compiler/targets/wasm/print.ts'
import { numbers } from '../kernel/samples.ts'
import { shapeOf } from '../kernel/shape.ts'
import { runWat } from './run-wat.ts'

const from: Binding = { name: 'from', element: 'f32', access: 'read' }
const to: Binding = { name: 'to', element: 'f32', access: 'read_write' }

const kernelOf = (...body: readonly Body[]): Kernel => ({
  name: 'sample',
  summary: 'a test',
  workgroupSize: 1,
  count: ir.u32(1),
  bindings: [from, to],
  shared: [],
  body: ir.block(...body),
})

/** The text of the loop over this index. */
const loopOf = (kernel: Kernel, index: string): string => {
  const { code } = wat(kernel)
  const start = code.indexOf(`(loop $${index}`)
  return code.slice(start, code.indexOf(`(br_if $${index}`, start))
}

/** How far apart what WebAssembly stores is from what the interpreter does. */
function difference(kernel: Kernel, count: number): number {
  const [given, wanted] = [numbers(64, 7), new Float32Array(count)]
  const found = runWat(kernel, { from: given, to: new Float32Array(count) }, shapeOf(), 1)['to']!
  interpret(kernel, { from: given, to: wanted }, shapeOf())
  return Math.max(...wanted.map((value, index) => Math.abs(value - found[index]!)))
}

const offset = ir.let_('offset', ir.mul(ir.shape('length'), 3))
const twice = (index: Value): Value => ir.add(ir.mul(index, 2), ir.ref(offset))

describe('an address', () => {
  test('that moves by a constant is a local', () => {
    const kernel = kernelOf(
      offset,
      ir.for_('i', 1, 9, 2, (i) =>
        ir.store(to, i, ir.add(ir.load(from, twice(i)), ir.load(from, ir.add(twice(i), 5)))),
      ),
    )
    expect(loopOf(kernel, 'i')).not.toMatch(/shl|i32\.mul/)
    expect(difference(kernel, 12)).toBe(0)
  })

  test('is computed as it stands where a block within has a name that the turn has later', () => {
    const kernel = kernelOf(
      ir.for_('i', 0, 6, 1, (i) => {
        const inner = ir.let_('place', ir.add(ir.mul(i, 3), 1))
        const outer = ir.let_('place', ir.mul(i, 5))
        return [
          ir.if_(ir.lt(i, ir.shape('length')), [inner, ir.store(to, i, ir.load(from, ir.ref(inner)))]),
          outer,
          ir.store(to, ir.add(i, 6), ir.load(from, ir.ref(outer))),
        ]
      }),
    )
    expect(difference(kernel, 12)).toBe(0)
  })

  test('moves where it is computed from names of the turn, which are gone then', () => {
    const kernel = kernelOf(
      offset,
      ir.for_('i', 0, 5, 1, (i) => {
        const row = ir.let_('row', ir.mul(i, 3))
        const place = ir.let_('place', ir.add(ir.ref(row), ir.ref(offset)))
        const value = ir.load(from, ir.add(ir.ref(place), 1))
        return [row, place, ir.store(to, ir.ref(row), ir.add(value, ir.load(from, ir.ref(place))))]
      }),
    )
    expect(loopOf(kernel, 'i')).not.toMatch(/shl|i32\.mul|\$row|\$place/)
    expect(difference(kernel, 13)).toBe(0)
  })

  test('is computed from names that stand for what is read or counted', () => {
    const count = ir.var_('count', ir.u32(0))
    const kernel = kernelOf(
      count,
      ir.for_('i', 0, 5, 1, (i) => {
        const before = ir.let_('before', ir.add(ir.ref(count), 1))
        const read = ir.let_('read', ir.convert('u32', ir.load(from, i)))
        return [
          before,
          read,
          ir.assign(ir.ref(count), ir.add(ir.ref(count), 2)),
          ir.store(to, ir.ref(before), ir.load(from, ir.add(ir.ref(read), ir.ref(before)))),
          ir.store(to, ir.mul(i, 2), ir.convert('f32', ir.mul(i, 7))),
        ]
      }),
    )
    expect(loopOf(kernel, 'i')).toMatch(/\$before/)
    expect(difference(kernel, 12)).toBe(0)
  })

  test('that changes otherwise is computed where it is', () => {
    const place = ir.var_('place', ir.u32(1))
    const kernel = kernelOf(
      place,
      ir.for_('i', 0, 4, 1, (i) => [
        ir.store(to, ir.add(i, ir.ref(place)), ir.load(from, ir.mul(i, i))),
        ir.assign(ir.ref(place), ir.add(ir.ref(place), 2)),
      ]),
    )
    expect(loopOf(kernel, 'i')).toMatch(/i32\.mul/)
    expect(difference(kernel, 12)).toBe(0)
  })

  test('stays where more of them would fill the registers', () => {
    const kernel = kernelOf(
      ir.for_('i', 0, 4, 1, (i) =>
        [0, 1, 2, 3, 4, 5, 6].map((which) =>
          ir.store(to, ir.mul(i, which + 1), ir.load(from, ir.mul(i, which + 1))),
        ),
      ),
    )
    expect(loopOf(kernel, 'i')).not.toContain('.at')
    expect(difference(kernel, 22)).toBe(0)
  })
})

describe('a function', () => {
  const powers = (count: number): Kernel =>
    kernelOf(
      ir.for_('i', 0, 16, 4, (i) =>
        Array.from({ length: count }, (_, which) =>
          ir.store(to, ir.add(i, which), ir.call('exp2', ir.call('exp2', ir.loadFour(from, i)))),
        ),
      ),
    )

  test('stands in the loop that calls it', () => {
    expect(loopOf(powers(1), 'i')).not.toContain('call')
    expect(wat(powers(1)).code).not.toContain('(func $exp2')
    expect(difference(powers(1), 16)).toBeLessThan(1e-6)
  })

  test('is called where it is asked for often', () => {
    expect(loopOf(powers(3), 'i')).toContain('(call $exp2_vec4f')
    expect(difference(powers(3), 20)).toBeLessThan(1e-6)
  })
})
