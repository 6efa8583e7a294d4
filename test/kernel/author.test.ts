// What is recorded is what the constructors of statements build, in the order of the calls.
import { describe, expect, test } from 'vitest'
import { record } from '../../compiler/kernel/author.ts'
import type { Author } from '../../compiler/kernel/author.ts'
import * as ir from '../../compiler/kernel/build.ts'
import type { Binding, SharedArray } from '../../compiler/kernel/kernel.ts'

const input: Binding = { name: 'input', element: 'f32', access: 'read' }
const out: Binding = { name: 'out', element: 'f32', access: 'read_write' }
const tile: SharedArray = { name: 'tile', element: 'f32', length: 64 }

test('declarations return references, and order is the order of calls', () => {
  const recorded = record((k) => {
    k.comment('a sum of squares')
    const row = k.let('row', ir.mul(ir.thread, 4))
    const sum = k.var('sum', ir.f32(0))
    k.loop('t', 0, 4, (t) => {
      const entry = k.let('entry', ir.load(input, ir.add(row, t)))
      k.add(sum, ir.mul(entry, entry))
    })
    k.sharedStore(tile, ir.thread, sum)
    k.barrier()
    k.store(out, ir.thread, sum)
  })
  const row = ir.let_('row', ir.mul(ir.thread, 4))
  const sum = ir.var_('sum', ir.f32(0))
  const loop = ir.for_('t', 0, 4, 1, (t) => {
    const entry = ir.let_('entry', ir.load(input, ir.add(ir.ref(row), t)))
    return [entry, ir.assign(ir.ref(sum), ir.add(ir.ref(sum), ir.mul(ir.ref(entry), ir.ref(entry))))]
  })
  expect(recorded).toEqual(
    ir.block(
      ir.comment('a sum of squares'),
      row,
      sum,
      loop,
      ir.sharedStore(tile, ir.thread, ir.ref(sum)),
      ir.barrier,
      ir.store(out, ir.thread, ir.ref(sum)),
    ),
  )
})

test('registers come as one value each', () => {
  const recorded = record((k) => {
    for (const sum of k.registers('sums', 'vec4f', 2, 1)) k.multiply(sum, ir.splat(2))
  })
  const declared = [0, 1].map((index) => ir.var_(`sums_${index}`, ir.splat(1)))
  const doubled = declared.map((sum) => ir.assign(ir.ref(sum), ir.mul(ir.ref(sum), ir.splat(2))))
  expect(recorded).toEqual([...declared, ...doubled])
})

describe('blocks', () => {
  const first = (k: Author): void => k.store(out, 0, ir.f32(1))
  const second = (k: Author): void => k.store(out, 1, ir.f32(2))
  const stored = [ir.store(out, 0, ir.f32(1)), ir.store(out, 1, ir.f32(2))] as const
  const known = ir.lt(ir.thread, 4)

  test('hold what is recorded inside of them, and recording goes on behind them', () => {
    const recorded = record((k) => {
      k.strided('from', 0, 8, 2, () => k.if(known, () => first(k)))
      second(k)
    })
    expect(recorded).toEqual([ir.for_('from', 0, 8, 2, () => ir.if_(known, stored[0])), stored[1]])
  })

  test('a condition has two', () => {
    const recorded = record((k) =>
      k.if(
        known,
        () => first(k),
        () => second(k),
      ),
    )
    expect(recorded).toEqual([ir.if_(known, stored[0], stored[1])])
  })

  test('a guard that holds for certain is left out', () => {
    expect(record((k) => k.guard(ir.bool(true), () => first(k)))).toEqual([stored[0]])
    expect(record((k) => k.guard(known, () => first(k)))).toEqual([ir.if_(known, stored[0])])
    expect(record((k) => k.guard(ir.bool(false), () => first(k)))).toEqual([
      ir.if_(ir.bool(false), stored[0]),
    ])
  })

  test('statements that are already made stand where they are used', () => {
    const recorded = record((k) => {
      first(k)
      k.use(stored[1], [ir.barrier, [ir.barrier]])
    })
    expect(recorded).toEqual([...stored, ir.barrier, ir.barrier])
  })
})
