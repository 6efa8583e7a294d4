// The constructors fold, and folding changes no value.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as ir from '../../compiler/kernel/build.ts'
import { interpret } from '../../compiler/kernel/interpret.ts'
import type { BinaryOperator, Binding, Kernel, Value } from '../../compiler/kernel/kernel.ts'
import { printValue } from '../../compiler/kernel/print.ts'
import { shapeOf } from './shape.ts'

const out: Binding = { name: 'out', element: 'u32', access: 'read_write' }
const floats: Binding = { name: 'floats', element: 'f32', access: 'read_write' }
const kernelOf = (...body: ir.Body[]): Kernel => ({
  name: 'sample',
  summary: 'a test',
  workgroupSize: 4,
  count: ir.u32(1),
  bindings: [out, floats],
  shared: [],
  body: ir.block(...body),
})

const constructors = { '+': ir.add, '*': ir.mul, '/': ir.div, '%': ir.mod } as const

test('what is folded has the value of what was written', () => {
  const operator = fc.constantFrom<keyof typeof constructors>('+', '*', '/', '%')
  const leaf = fc.oneof(fc.constant('thread'), fc.constant('length'), fc.integer({ min: 0, max: 9 }))
  type Tree = string | number | readonly [BinaryOperator, Tree, Tree]
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof({ maxDepth: 4 }, leaf, fc.tuple(operator, tie('tree'), tie('tree'))),
  }))
  const atom = (leaf: string | number): Value =>
    typeof leaf === 'number' ? ir.u32(leaf) : leaf === 'thread' ? ir.thread : ir.shape('length')
  const folded = (of: Tree): Value =>
    typeof of === 'object'
      ? constructors[of[0] as keyof typeof constructors](folded(of[1]), nonZero(of[0], folded(of[2])))
      : atom(of)
  /** The same in numbers, with the wrapping of u32. */
  const value = (of: Tree, thread: number): number => {
    if (typeof of !== 'object') return typeof of === 'number' ? of : of === 'thread' ? thread : 11
    const [left, right] = [value(of[1], thread), value(of[2], thread)]
    switch (of[0]) {
      case '+':
        return (left + right) >>> 0
      case '*':
        return Math.imul(left, right) >>> 0
      case '/':
        return Math.floor(left / Math.max(right, 3))
      default:
        return left % Math.max(right, 3)
    }
  }
  fc.assert(
    fc.property(tree, (of) => {
      const found = new Uint32Array(4)
      const kernel = kernelOf(ir.store(out, ir.thread, folded(of)))
      interpret(kernel, { out: found, floats: new Float32Array(1) }, shapeOf({ length: 11 }))
      expect([...found]).toEqual([0, 1, 2, 3].map((thread) => value(of, thread)))
    }),
    { seed: 11, numRuns: 300 },
  )
})

/** A divisor that is at least 3, and a constant where it was one. */
function nonZero(operator: BinaryOperator, divisor: Value): Value {
  if (operator !== '/' && operator !== '%') return divisor
  return divisor.kind === 'number' ? ir.u32(Math.max(divisor.value, 3)) : ir.call('max', divisor, 3)
}

describe('folding', () => {
  const x = ir.name('x', 'f32')
  const row = ir.name('row', 'u32')
  test.each<[string, Value]>([
    ['row', ir.add(ir.mul(row, 1), 0)],
    ['row + 7', ir.add(row, 3, 4)],
    ['row * 12', ir.mul(row, 3, 4)],
    ['0', ir.mod(ir.mul(row, 0), 5)],
    ['x + 0.0', ir.add(x, 0)],
    ['x * 0.0', ir.mul(x, 0)],
    ['x', ir.sub(ir.div(ir.mul(x, 1), 1), 0)],
    ['x - -0.0', ir.sub(x, -0)],
    ['x + 1.0 + 2.0', ir.add(x, 1, 2)],
    ['0.3', ir.add(ir.f32(0.1), 0.2)],
    ['x < 1.0', ir.and(ir.lt(x, 1), ir.lt(ir.u32(3), 4))],
    ['false', ir.and(ir.lt(x, 1), ir.gt(ir.u32(3), 4))],
    ['row', ir.select(ir.eq(ir.u32(2), 2), row, 5)],
    ['x', ir.lane(ir.vec4(1, 2, x, 4), 2)],
  ])('%s', (text, value) => {
    expect(printValue(value)).toBe(text)
  })

  test('a wrong type is told where it is written', () => {
    expect(() => ir.add(x, row)).toThrow(/both sides of \+ have one type, not f32 and u32/)
    expect(() => ir.load(floats, x)).toThrow(/an index is u32/)
    expect(() => ir.store(floats, row, row)).toThrow(/what is stored in floats is f32, not u32/)
    expect(() => ir.if_(row, [])).toThrow(/a condition is bool/)
    expect(() => ir.call('max', x)).toThrow(/max takes 2 arguments/)
    expect(() => ir.u32(-1)).toThrow(/-1 is a u32/)
  })
})
