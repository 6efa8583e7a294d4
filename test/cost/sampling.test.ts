// Counting some workgroups comes to what counting all of them does, and rounds of loops at once to one after another.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import * as ir from '../../compiler/kernel/build.ts'
import { type Counts, countNames, weigh } from '../../compiler/cost/counts.ts'
import { Counter, type Situation } from '../../compiler/cost/counter.ts'
import { countDispatch } from '../../compiler/cost/dispatch.ts'
import { digitsOf } from '../../compiler/cost/digits.ts'
import { representatives } from '../../compiler/cost/sample.ts'
import type { Kernel, Value } from '../../compiler/kernel/kernel.ts'
import { build, understand } from '../../compiler/pipeline.ts'
import { sizesOf } from '../../compiler/schedule/cost.ts'
import { evaluateSize } from '../../runtime/contract/size.ts'
import { counterOf, kernelOf, number, source, target } from './kernels.ts'

/** The kernels of a spec, each with what it is counted for. */
function kernelsOf(spec: string, length: number): readonly (readonly [Kernel, Situation])[] {
  const path = fileURLToPath(new URL(`../../specs/${spec}.attn`, import.meta.url))
  const { tree, checked } = understand({ file: spec, text: readFileSync(path, 'utf8') })
  return checked.attentions.flatMap((model) => {
    const built = build(model, tree)
    if ('unsupported' in built) return []
    const shape = sizesOf(built.schedule, { batch: 1, heads: 3, kvHeads: 3, length, keyLength: length })
    const sizeOf = (name: string): number =>
      evaluateSize(built.schedule.buffers.find((buffer) => buffer.name === name)?.size ?? 0, shape)
    const contentsOf = (name: string) => (index: number) =>
      name.toLowerCase().includes('lengths') ? length : index % length
    return built.kernels.map((kernel) => [kernel, { shape, width: 32, sizeOf, contentsOf }] as const)
  })
}

function countAll(kernel: Kernel, situation: Situation): Counts {
  const counter = new Counter(kernel, situation)
  const all = Array.from({ length: counter.workgroups }, (_, workgroup) => counter.count(workgroup))
  return weigh(all.map((counts) => ({ counts, weight: 1 })))
}

describe.each([
  ['softmax', 257],
  ['sliding_window', 700],
  ['linear_transformer', 257],
  ['performer_relu', 100],
  ['cosformer', 129],
])('%s at length %i', (spec, length) => {
  test.each(kernelsOf(spec, length).map(([kernel, situation]) => [kernel.name, kernel, situation] as const))(
    '%s: some workgroups stand for all',
    (_, kernel, situation) => {
      const all = countAll(kernel, situation)
      const { counts, workgroups, counted } = countDispatch(kernel, situation, 3)
      for (const name of countNames) {
        const off = Math.abs(counts[name] - all[name]) / Math.max(1, all[name])
        expect(off, `${name}: ${counts[name]} for ${all[name]}`).toBeLessThan(0.005)
      }
      expect(counted).toBeLessThanOrEqual(Math.max(4, workgroups / 2))
    },
  )
})

describe('which workgroups stand for all', () => {
  /** The sum that the representatives of these digits give of a function of the workgroup. */
  const sum = (bases: readonly number[], of: (workgroup: number) => number): number =>
    representatives(bases, (workgroup) => [of(workgroup)]).reduce(
      (so, { workgroup, weight }) => so + weight * of(workgroup),
      0,
    )
  const exact = (count: number, of: (workgroup: number) => number): number =>
    Array.from({ length: count }, (_, workgroup) => of(workgroup)).reduce((so, one) => so + one, 0)

  test.each([
    ['all alike', () => 7],
    ['growing', (row: number) => 3 + 5 * row],
    ['a shorter tail', (row: number) => (row === 999 ? 1 : 40)],
    ['an empty beginning', (row: number) => (row === 0 ? 0 : 40 + row)],
    ['growing up to a width', (row: number) => Math.min(row, 64)],
  ])('%s', (_, of) => {
    const all = exact(1000, of)
    expect(Math.abs(sum([1000], of) - all) / all).toBeLessThan(1e-3)
  })

  test('a digit on which work depends among those on which it does not', () => {
    const of = (workgroup: number): number => 1 + (Math.floor(workgroup / 4) % 50)
    expect(sum([4, 50, 6], of)).toBeCloseTo(exact(1200, of), 6)
    expect(representatives([4, 50, 6], (workgroup) => [of(workgroup)]).length).toBeLessThan(6)
  })
})

test('digits are read off how a kernel takes its index apart', () => {
  const tile = ir.let_('tile', ir.mod(ir.workgroup, ir.shape('length')))
  const rest = ir.let_('rest', ir.div(ir.workgroup, ir.shape('length')))
  const head = ir.let_('head', ir.mod(ir.ref(rest), 3))
  const evaluate = (value: Parameters<Parameters<typeof digitsOf>[2]>[0]): number =>
    value.kind === 'number' ? value.value : 5
  expect(digitsOf(kernelOf([tile, rest, head]), 60, evaluate, 1)).toEqual([5, 3, 4])
  expect(digitsOf(kernelOf([]), 60, evaluate, 6)).toEqual([10, 6])
})

describe('a loop counted at once', () => {
  /** Sums numbers from memory; what `busy` adds to the body has its rounds run one by one. */
  const looping = (index: (round: Value) => Value, busy: boolean): Kernel => {
    const [sum, kept] = [ir.var_('sum', ir.f32(0)), ir.var_('kept', ir.u32(0))]
    return kernelOf([
      sum,
      kept,
      ir.for_('round', 0, 50, 1, (round) => [
        ...(busy ? [ir.assign(ir.ref(kept), ir.add(ir.ref(kept), 1))] : []),
        ir.assign(ir.ref(sum), ir.add(ir.ref(sum), ir.load(source, index(round)))),
      ]),
      ir.store(target, ir.add(number, ir.mul(ir.ref(kept), 32)), ir.ref(sum)),
    ])
  }

  const moving = (stride: number, lanes: number) => (round: Value) =>
    ir.add(ir.mul(ir.thread, lanes), ir.mul(round, stride))

  test.each<[string, (round: Value) => Value]>([
    ['neighbours, by one', moving(1, 1)],
    ['rows, by one', moving(1, 64)],
    ['by three, lanes five apart', moving(3, 5)],
    ['by a sector', moving(8, 1)],
    ['by a line and one', moving(33, 2)],
    ['by two lines', moving(64, 1)],
    ['each lane by another stride', (round) => ir.mul(round, ir.thread)],
    ['back and forth', (round) => ir.add(ir.thread, ir.mul(ir.mod(round, 3), 7))],
    ['backwards', (round) => ir.sub(ir.add(ir.thread, 4096), ir.mul(round, 5))],
  ])('%s', (_, index) => {
    const [atOnce, oneByOne] = [false, true].map((busy) => counterOf(looping(index, busy)).count(0))
    const of = (counts: Counts | undefined): readonly (number | undefined)[] => [
      counts?.globalLoads,
      counts?.lines,
      counts?.sectors,
      counts?.leastSectors,
      counts?.sectorsRead,
    ]
    expect(of(atOnce)).toEqual(of(oneByOne))
  })
})

test('lanes do the same whatever the width of their warp', () => {
  for (const [kernel, situation] of kernelsOf('softmax', 100)) {
    const active = [16, 32, 64].map((width) => countAll(kernel, { ...situation, width }).active)
    expect(new Set(active).size).toBe(1)
  }
})
