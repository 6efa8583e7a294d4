// The interpreter against plain loops in float64, and what it finds out about wrong kernels.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as ir from '../../compiler/kernel/build.ts'
import { interpret } from '../../compiler/kernel/interpret.ts'
import type { Binding, Kernel, Statement, Value } from '../../compiler/kernel/kernel.ts'
import { logSumExp, matmul, numbers, scan, withoutBarrier } from './samples.ts'
import { shapeOf } from './shape.ts'

describe('hand-written kernels', () => {
  test.each([
    [16, 8],
    [1, 1],
    [33, 19],
  ])('tiled_product of %i rows and %i columns is the product', (length, keyLength) => {
    const left = numbers(length * keyLength, 1)
    const right = numbers(keyLength * 16, 2)
    const product = new Float32Array(length * 16).fill(Number.NaN)
    interpret(matmul, { left, right, product }, shapeOf({ length, keyLength }))
    for (let row = 0; row < length; row++)
      for (let column = 0; column < 16; column++) {
        let wanted = 0
        for (let k = 0; k < keyLength; k++) wanted += left[row * keyLength + k]! * right[k * 16 + column]!
        expect(product[row * 16 + column]).toBeCloseTo(wanted, 5)
      }
  })

  test('log_sum_exp of rows longer and shorter than a workgroup', () => {
    for (const length of [1, 31, 32, 70]) {
      const values = numbers(3 * length, length).map((x) => x * 100)
      const totals = new Float32Array(3)
      interpret(logSumExp, { values, totals }, shapeOf({ heads: 3, length }))
      for (let row = 0; row < 3; row++) {
        const entries = [...values.subarray(row * length, (row + 1) * length)]
        const top = Math.max(...entries)
        const wanted = top + Math.log(entries.reduce((sum, x) => sum + Math.exp(x - top), 0))
        expect(totals[row]).toBeCloseTo(wanted, 4)
      }
    }
  })

  test('block_scan sums what comes before', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 32, maxLength: 32 }), (flags) => {
        const before = new Uint32Array(32)
        interpret(scan, { flags: Uint32Array.from(flags), before }, shapeOf({ chunks: 2 }))
        const wanted = flags.map((_, index) =>
          flags.slice(index - (index % 16), index).reduce((sum, flag) => sum + flag, 0),
        )
        expect([...before]).toEqual(wanted)
      }),
      { seed: 5, numRuns: 20 },
    )
  })
})

describe('races', () => {
  const length = 20
  const runs = {
    tiled_product: {
      kernel: matmul,
      barriers: 2,
      run: (kernel: Kernel, races: boolean) =>
        interpret(
          kernel,
          { left: numbers(400, 1), right: numbers(320, 2), product: new Float32Array(320) },
          shapeOf({ length, keyLength: length }),
          { races },
        ),
    },
    log_sum_exp: {
      kernel: logSumExp,
      barriers: 12,
      run: (kernel: Kernel, races: boolean) =>
        interpret(
          kernel,
          { values: numbers(40, 1), totals: new Float32Array(1) },
          shapeOf({ length: 40, heads: 1 }),
          { races },
        ),
    },
    block_scan: {
      kernel: scan,
      barriers: 4,
      run: (kernel: Kernel, races: boolean) =>
        interpret(
          kernel,
          { flags: new Uint32Array(16).fill(1), before: new Uint32Array(16) },
          shapeOf({ chunks: 1 }),
          { races },
        ),
    },
  }

  test.each(Object.entries(runs))('%s needs each of its barriers', (_, { kernel, barriers, run }) => {
    run(kernel, true)
    for (let position = 0; position < barriers; position++) {
      expect(() => run(withoutBarrier(kernel, position), true)).toThrow(/a race/)
      expect(() => run(withoutBarrier(kernel, position), false)).not.toThrow()
    }
    expect(() => withoutBarrier(kernel, barriers)).toThrow(/only/)
  })

  test('two threads that store in one place of a buffer', () => {
    const out: Binding = { name: 'out', element: 'u32', access: 'read_write' }
    const one = (index: Value): Kernel => kernelOf([ir.store(out, index, ir.thread)], out)
    expect(() => interpret(one(ir.div(ir.thread, 2)), { out: new Uint32Array(8) }, shapeOf())).toThrow(
      /a race/,
    )
    expect(() => interpret(one(ir.thread), { out: new Uint32Array(8) }, shapeOf())).not.toThrow()
  })
})

describe('what else is our defect', () => {
  const out: Binding = { name: 'out', element: 'f32', access: 'read_write' }
  const run = (statements: readonly Statement[], out_: Float32Array = new Float32Array(8)): Float32Array => {
    interpret(kernelOf(statements, out), { out: out_ }, shapeOf())
    return out_
  }

  test('a load or a store outside of a buffer', () => {
    const beyond = ir.add(ir.thread, 1)
    expect(() => run([ir.store(out, beyond, ir.f32(1))])).toThrow(/thread 7 of workgroup 0 uses out\[8\]/)
    expect(() => run([ir.let_('x', ir.load(out, beyond))])).toThrow(/which has 8 elements/)
  })

  test('shared memory that nobody wrote', () => {
    const tile = { name: 'tile', element: 'f32', length: 8 } as const
    const kernel = {
      ...kernelOf([ir.store(out, ir.thread, ir.sharedLoad(tile, ir.thread))], out),
      shared: [tile],
    }
    const found = new Float32Array(8)
    interpret(kernel, { out: found }, shapeOf())
    expect([...found].every(Number.isNaN)).toBe(true)
  })

  test('a buffer that is missing or of another type', () => {
    expect(() => interpret(kernelOf([], out), {}, shapeOf())).toThrow(/buffer out is given as a Float32Array/)
    expect(() => interpret(kernelOf([], out), { out: new Uint32Array(8) }, shapeOf())).toThrow(/Float32Array/)
  })
})

describe('arithmetic', () => {
  const out: Binding = { name: 'out', element: 'f32', access: 'read_write' }
  const value = (of: Value): number => {
    const found = new Float32Array(1)
    interpret(
      { ...kernelOf([ir.store(out, 0, ir.convert('f32', of))], out), workgroupSize: 1 },
      { out: found },
      shapeOf(),
    )
    return found[0]!
  }
  test('floats are rounded after each operation, integers wrap', () => {
    const large = ir.add(ir.convert('f32', ir.shape('length')), 2 ** 24)
    expect(value(ir.sub(ir.add(large, 0.25), 2 ** 24))).toBe(0)
    const low = ir.sub(ir.mul(ir.shape('length'), 1), 2)
    expect(value(ir.div(low, 0x10000))).toBe(0xffff)
    expect(value(ir.mod(ir.sub(ir.convert('i32', ir.shape('length')), 8), 5))).toBe(-2)
  })

  test('a buffer has the length that it is given', () => {
    const found = new Float32Array(7)
    const body = [ir.store(out, ir.thread, ir.convert('f32', ir.bufferLength(out)))]
    interpret({ ...kernelOf(body, out), workgroupSize: 7 }, { out: found }, shapeOf())
    expect(found).toEqual(new Float32Array(7).fill(7))
  })

  test('conversions cut, and stop at the ends of a type', () => {
    const float = ir.convert('f32', ir.shape('length'))
    expect(value(ir.convert('i32', ir.mul(float, -1.9)))).toBe(-1)
    expect(value(ir.convert('u32', ir.mul(float, -1.9)))).toBe(0)
    expect(value(ir.convert('u32', ir.mul(float, 1e20)))).toBe(2 ** 32)
  })
})

function kernelOf(body: readonly Statement[], out: Binding): Kernel {
  return {
    name: 'sample',
    summary: 'a test',
    workgroupSize: 8,
    count: ir.u32(1),
    bindings: [out],
    shared: [],
    body,
  }
}
