// What rows do to a state in kernels: the laws of an action, in numbers, by logarithm and by table.
import { expect, test } from 'vitest'
import { record } from '../../compiler/kernel/author.ts'
import type { Author } from '../../compiler/kernel/author.ts'
import * as ir from '../../compiler/kernel/build.ts'
import { interpret } from '../../compiler/kernel/interpret.ts'
import type { Binding, SharedArray, Value } from '../../compiler/kernel/kernel.ts'
import { identity, stateAction } from '../../compiler/kernel/lower/action.ts'
import type { StateAction } from '../../compiler/kernel/lower/action.ts'
import { powersOf } from '../../compiler/kernel/sequential/powers.ts'
import { shapeOf } from './shape.ts'

const logarithms: Binding = { name: 'logarithms', element: 'f32', access: 'read' }
const out: Binding = { name: 'out', element: 'f32', access: 'read_write' }

/** γ is 1/2 and 1/4; the group is a head of the second batch item of two heads. */
const gammas = Float32Array.of(-1, -2)
const group = ir.u32(3)

/** What a kernel of one thread writes, a number for each value that `write` gives. */
function numbersOf(
  action: StateAction,
  write: (k: Author) => readonly Value[],
  shared: readonly SharedArray[] = [],
): number[] {
  let count = 0
  const body = record((k) => {
    action.declare(k)
    const values = write(k)
    count = values.length
    values.forEach((value, index) => k.store(out, index, value))
  })
  const bindings = action.isIdentity ? [out] : [logarithms, out]
  const found = new Float32Array(count)
  const kernel = {
    name: 'rows',
    summary: 'a test',
    workgroupSize: 1,
    count: ir.u32(1),
    bindings,
    shared,
    body,
  }
  interpret(kernel, { logarithms: gammas, out: found }, shapeOf({ heads: 2, kvHeads: 1 }))
  return [...found]
}

const powers = stateAction({ kind: 'powers', logarithms: 'logarithms' }, () => logarithms, group)
const [three, sum] = [ir.f32(3), ir.f32(64)]

test('rows lower exponents and shrink sums by the γ of their head', () => {
  expect(
    numbersOf(powers, (k) => {
      const { row, after } = powers
      const both = after(three).and(row)
      const four = after(ir.vec4(0, 1, 2, 3))
      const toLast = powers.until(k, 'last', ir.u32(9))
      const register = k.var('register', sum)
      after(three).apply(k, register)
      return [
        row.value,
        row.lower(sum),
        after(three).shrink(sum),
        after(three).raise(after(three).lower(sum)),
        both.shrink(sum),
        both.measured(k).lower(sum),
        after(three).factor(k, 0).shrink(sum),
        ir.lane(four.shrink(ir.splat(sum)), 2),
        ir.lane(four.lower(ir.splat(sum)), 3),
        ir.lane(row.lower(ir.splat(sum)), 3),
        toLast(ir.u32(7)).shrink(sum),
        register,
      ]
    }),
  ).toEqual([0.25, 62, 1, 64, 0.25, 56, 1, 4, 58, 62, 4, 1])
})

test('a table has the same powers, and none before no rows', () => {
  const table = powersOf(powers, 4)
  expect(
    numbersOf(
      powers,
      (k) => {
        table.fill(k)
        const below = ir.sub(k.var('none', ir.u32(0)), 2)
        const four = table.afterFour(ir.u32(1)).shrink(ir.splat(sum))
        return [table.after(ir.u32(3)).shrink(sum), table.after(below).shrink(sum), ir.lane(four, 1)]
      },
      table.shared,
    ),
  ).toEqual([1, 64, 4])
})

test('the identity writes nothing', () => {
  const table = powersOf(identity, 4)
  expect(table.shared).toEqual([])
  let acted = false
  const body = record((k) => {
    identity.declare(k)
    table.fill(k)
    const { row, after, until } = identity
    const register = k.var('register', sum)
    for (const rows of [
      row,
      after(three),
      until(k, 'last', sum)(sum),
      table.after(three),
      table.afterFour(three),
    ]) {
      expect(rows.shrink(sum)).toBe(sum)
      rows.apply(k, register)
      rows.act(() => (acted = true))
      rows.named(k, 'factor')
    }
    expect(after(three).and(row).measured(k).lower(sum)).toBe(sum)
    expect(row.raise(sum)).toBe(sum)
  })
  expect(body).toHaveLength(1)
  expect(acted).toBe(false)
})
