// Kernels of many threads as kernels of one: the same numbers to the bit, in samples and in every spec, made small.
import { describe, expect, test } from 'vitest'
import * as ir from '../../compiler/kernel/build.ts'
import { interpret } from '../../compiler/kernel/interpret.ts'
import type { Binding, Kernel } from '../../compiler/kernel/kernel.ts'
import { serialise } from '../../compiler/kernel/sequential/serialise.ts'
import { verify } from '../../compiler/kernel/verify.ts'
import { understand } from '../../compiler/pipeline.ts'
import { callOf } from '../../compiler/verification/cases/case.ts'
import { weightsOf } from '../../compiler/verification/cases/weights.ts'
import type { Executor } from '../../compiler/verification/execution/executor.ts'
import { interpreterPlatform } from '../../compiler/verification/execution/interpreter.ts'
import { sized, specs } from '../numeric/small-specs.ts'
import { logSumExp, matmul, numbers, scan } from './samples.ts'
import { shapeOf } from './shape.ts'

const ofOneThread = (kernel: Kernel): Kernel => verify(serialise(verify(kernel)))

/** What both leave in a buffer, as bits. */
function both(
  kernel: Kernel,
  buffers: () => Record<string, Float32Array | Uint32Array>,
  shape: ReturnType<typeof shapeOf>,
  output: string,
): readonly (readonly number[])[] {
  return [kernel, ofOneThread(kernel)].map((one) => {
    const own = buffers()
    interpret(one, own, shape)
    return [...new Uint32Array(own[output]!.buffer)]
  })
}

describe('samples', () => {
  test.each([
    [16, 8],
    [33, 19],
  ])('tiled_product, %i by %i', (length, keyLength) => {
    const [wanted, found] = both(
      matmul,
      () => ({
        left: numbers(length * keyLength, 1),
        right: numbers(keyLength * 16, 2),
        product: new Float32Array(length * 16),
      }),
      shapeOf({ length, keyLength }),
      'product',
    )
    expect(found).toEqual(wanted)
  })

  test('log_sum_exp, which has barriers under a condition', () => {
    const [wanted, found] = both(
      logSumExp,
      () => ({ values: numbers(7 * 45, 3), totals: new Float32Array(7) }),
      shapeOf({ heads: 7, length: 45 }),
      'totals',
    )
    expect(found).toEqual(wanted)
  })

  test('block_scan', () => {
    const flags = Uint32Array.from({ length: 48 }, (_, index) => (index * 7) % 5)
    const [wanted, found] = both(
      scan,
      () => ({ flags, before: new Uint32Array(48) }),
      shapeOf({ chunks: 3 }),
      'before',
    )
    expect(found).toEqual(wanted)
  })
})

test('integers that are cheap are computed anew, and all else is kept, of every type', () => {
  const out: Binding = { name: 'out', element: 'f32', access: 'read_write' }
  const place = ir.let_('place', ir.add(ir.mul(ir.workgroup, 4), ir.thread))
  const odd = ir.var_('odd', ir.eq(ir.mod(ir.thread, 2), 1))
  const below = ir.var_('below', ir.sub(ir.convert('i32', ir.thread), 2))
  const half = ir.let_('half', ir.mul(ir.convert('f32', ir.ref(place)), 0.5))
  const four = ir.let_('four', ir.vec4(ir.ref(half), 1, 2, 3))
  const sum = ir.add(ir.ref(half), ir.lane(ir.ref(four), 0), ir.convert('f32', ir.ref(below)))
  const kernel: Kernel = {
    name: 'sample',
    summary: 'names that live across a barrier',
    workgroupSize: 4,
    count: ir.u32(2),
    bindings: [out],
    shared: [],
    body: ir.block(
      [place, odd, below, half, four, ir.barrier],
      ir.store(out, ir.ref(place), ir.select(ir.ref(odd), sum, ir.neg(sum))),
    ),
  }
  const [wanted, found] = both(kernel, () => ({ out: new Float32Array(8) }), shapeOf(), 'out')
  expect(found).toEqual(wanted)
  expect(ofOneThread(kernel).shared).toEqual([
    { name: 'odd_of_threads', element: 'u32', length: 4 },
    { name: 'below_of_threads', element: 'u32', length: 4 },
    { name: 'half_of_threads', element: 'f32', length: 4 },
    { name: 'four_of_threads', element: 'vec4f', length: 4 },
  ])
})

test('a kernel of one thread stays as it is', () => {
  const kernel = ofOneThread(scan)
  expect(serialise(kernel)).toBe(kernel)
})

describe.each(specs)('%s', (spec) => {
  const { checked } = understand({ file: spec, text: sized(spec) })
  test.each(checked.attentions.map((model) => [model.name, model] as const))('%s', async (_, model) => {
    const weights = weightsOf(model)
    const open = async (kernels: (kernels: readonly Kernel[]) => readonly Kernel[]): Promise<Executor> => {
      const executor = await interpreterPlatform({ kernels }).open(model, weights.values)
      if ('unsupported' in executor) throw new Error(executor.unsupported)
      return executor
    }
    const original = await open((kernels) => kernels)
    const serial = await open((kernels) => kernels.map(ofOneThread))
    const call = {
      ...callOf(model, {
        length: 21,
        keyLength: 21,
        batch: 2,
        kvHeads: weights.heads ?? 1,
        group: 1,
        norm: 1,
        values: 1,
      }),
      lengths: [21, 13],
      queryLengths: [21, 13],
    }
    expect(await serial.forward(call)).toEqual(await original.forward(call))
    const decoded = async (executor: Executor) => executor.decode?.(call, [19, 12])
    expect(await decoded(serial)).toEqual(await decoded(original))
  })
})
