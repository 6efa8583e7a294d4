// WGSL as text, and as a device runs it against the interpreter.
import { beforeAll, describe, expect, test } from 'vitest'
import { wgsl } from '../../compiler/targets/webgpu/print.ts'
import * as ir from '../../compiler/kernel/build.ts'
import { interpret } from '../../compiler/kernel/interpret.ts'
import type { Binding, Kernel, Value } from '../../compiler/kernel/kernel.ts'
import { verify } from '../../compiler/kernel/verify.ts'
import { logSumExp, matmul, numbers, scan } from '../kernel/samples.ts'
import { shapeOf } from '../kernel/shape.ts'
import { openSwiftShader, runOnDevice } from './run-kernel.ts'

let device: GPUDevice
beforeAll(async () => {
  device = await openSwiftShader()
})

/** Runs both ways from equal buffers; how far apart what the kernel stored is at most. */
async function difference(
  kernel: Kernel,
  buffers: Record<string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>,
  shape: ReturnType<typeof shapeOf>,
  workgroups: readonly [number, number],
  output: string,
): Promise<number> {
  const found = await runOnDevice(device, kernel, buffers, shape, workgroups)
  interpret(kernel, buffers, shape)
  const wanted = buffers[output]!
  return Math.max(...[...found[output]!].map((value, index) => Math.abs(value - wanted[index]!)))
}

describe('a device and the interpreter agree', () => {
  test.each([
    [16, 8],
    [1, 1],
    [33, 19],
  ])('on tiled_product, %i by %i', async (length, keyLength) => {
    const apart = await difference(
      matmul,
      {
        left: numbers(length * keyLength, 1),
        right: numbers(keyLength * 16, 2),
        product: new Float32Array(length * 16).fill(3e38),
      },
      shapeOf({ length, keyLength }),
      [Math.ceil(length / 16), 1],
      'product',
    )
    expect(apart).toBeLessThan(2e-6)
  })

  test('on log_sum_exp, folded into two dimensions and rounded up', async () => {
    const apart = await difference(
      logSumExp,
      { values: numbers(7 * 45, 3), totals: new Float32Array(7).fill(3e38) },
      shapeOf({ heads: 7, length: 45 }),
      [3, 3],
      'totals',
    )
    expect(apart).toBeLessThan(2e-6)
  })

  test('on block_scan', async () => {
    const apart = await difference(
      scan,
      { flags: Uint32Array.from({ length: 48 }, (_, index) => (index * 7) % 5), before: new Uint32Array(48) },
      shapeOf({ chunks: 3 }),
      [3, 1],
      'before',
    )
    expect(apart).toBe(0)
  })
})

describe('the text', () => {
  const out: Binding = { name: 'out', element: 'f32', access: 'read_write' }
  const written = (value: Value): string => {
    const kernel = sample([ir.store(out, 0, value)])
    return /out\[0u\] = (.*);/.exec(wgsl(verify(kernel)).code)![1]!
  }
  const sample = (body: Kernel['body']): Kernel => ({
    name: 'sample',
    summary: 'a test',
    workgroupSize: 8,
    count: ir.u32(1),
    bindings: [out],
    shared: [],
    body,
  })
  const x = ir.convert('f32', ir.thread)
  const y = ir.convert('f32', ir.workgroup)

  test.each<[string, Value]>([
    ['f32(thread) - (f32(workgroup) - 1.0)', ir.sub(x, ir.sub(y, 1))],
    ['f32(thread) - f32(workgroup) - 1.0', ir.sub(ir.sub(x, y), 1)],
    ['f32(thread) * (f32(workgroup) + 0.1)', ir.mul(x, ir.add(y, 0.1))],
    ['f32(thread) / (f32(workgroup) * -1e-30)', ir.div(x, ir.mul(y, -1e-30))],
    ['-(f32(thread) + 16777216.0)', ir.neg(ir.add(x, 2 ** 24))],
    ['(vec4f(f32(thread)) + vec4f(1.0)).z', ir.lane(ir.add(ir.splat(x), 1), 2)],
    [
      'select(2.0, 3.4028235e38, (f32(thread) < 0.0) & ((thread == 1u) | (workgroup == 2u)))',
      ir.select(
        ir.and(ir.lt(x, 0), ir.or(ir.eq(ir.thread, 1), ir.eq(ir.workgroup, 2))),
        ir.f32(3.4028234663852886e38),
        2,
      ),
    ],
    ['f32(i32(thread) - -3i)', ir.convert('f32', ir.sub(ir.convert('i32', ir.thread), -3))],
    ['max(f32(thread), 0.0)', ir.call('relu', x)],
  ])('%s', (text, value) => {
    expect(written(value)).toBe(text)
  })

  test('names of WGSL are not used for a kernel’s own', () => {
    const target = ir.var_('target', x)
    const shape = ir.var_('shape', x)
    const { code } = wgsl(sample([target, shape, ir.assign(ir.ref(target), ir.ref(shape))]))
    expect(code).toContain('var target_ = f32(thread);')
    expect(code).toContain('target_ = shape_;')
  })

  describe('keeps compilers from writing out the rounds of a loop', () => {
    const rounds = (to: Value | number, rolled: boolean, body: ir.Body = []): string =>
      wgsl(sample([ir.for_('i', 0, to, 4, () => body, rolled)])).code

    test('around a barrier, and of one that says so', () => {
      expect(rounds(8, true)).toContain('i < 8u * unknownOne;')
      expect(
        rounds(
          8,
          false,
          ir.for_('j', 0, 2, 1, () => ir.barrier),
        ),
      ).toContain('i < 8u * unknownOne;')
      expect(rounds(8, true)).toContain('let unknownOne = min(shape.sliceCount, 1u);')
    })

    test('and no others, of which one round is none to write out', () => {
      expect(rounds(8, false)).toContain('i < 8u;')
      expect(rounds(ir.shape('length'), true)).toContain('i < shape.length;')
      expect(rounds(4, true)).toContain('i < 4u;')
      expect(rounds(4, true)).not.toContain('unknownOne')
    })
  })

  test('helpers are defined once, each before what calls it, and only when called', () => {
    const { code } = wgsl(sample([ir.store(out, 0, ir.call('silu', ir.call('silu', x)))]))
    const defined = [...code.matchAll(/^fn (\w+)/gm)].map(([, name]) => name)
    expect(defined).toEqual(['exp_f32', 'sigmoid_f32', 'silu_f32', 'sample'])
    expect(wgsl(sample([])).code).not.toContain('exp')
  })

  test('reports what a runtime must know', () => {
    const { workgroupSize, workgroupBytes, bindings } = wgsl(matmul)
    expect({ workgroupSize, workgroupBytes, bindings }).toEqual({
      workgroupSize: 16,
      workgroupBytes: 16 * 8 * 4 + 8 * 4 * 16,
      bindings: [
        { name: 'left', access: 'read' },
        { name: 'right', access: 'read' },
        { name: 'product', access: 'read_write' },
      ],
    })
  })

  test('is as the golden file has it', async () => {
    await expect(wgsl(logSumExp).code).toMatchFileSnapshot('../golden/kernels/log_sum_exp.wgsl')
    await expect(wgsl(matmul).code).toMatchFileSnapshot('../golden/kernels/tiled_product.wgsl')
  })
})
