// WAT as text, and as WebAssembly runs it against the interpreter.
import wabt from 'wabt'
import { describe, expect, test } from 'vitest'
import * as ir from '../../compiler/kernel/build.ts'
import { interpret } from '../../compiler/kernel/interpret.ts'
import type { Binding, Kernel, SharedArray, Value } from '../../compiler/kernel/kernel.ts'
import { lowerSequential } from '../../compiler/kernel/sequential/lower.ts'
import { serialise } from '../../compiler/kernel/sequential/serialise.ts'
import { verify } from '../../compiler/kernel/verify.ts'
import { fromModel } from '../../compiler/algebra/build.ts'
import { understand } from '../../compiler/pipeline.ts'
import { schedule } from '../../compiler/schedule/build.ts'
import { workgroupPlanner } from '../../compiler/schedule/workgroups/planner.ts'
import { assemble } from '../../compiler/targets/wasm/assemble.ts'
import { wat } from '../../compiler/targets/wasm/print.ts'
import { readFormula } from '../../compiler/targets/wasm/wat/formula.ts'
import { translate } from '../../compiler/targets/wasm/wat/translate.ts'
import { logSumExp, matmul, numbers, scan } from '../kernel/samples.ts'
import { shapeOf } from '../kernel/shape.ts'
import { specs, textOf } from '../numeric/small-specs.ts'
import { runWat } from './run-wat.ts'

type Buffers = Record<string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>

const variants = ['plain', 'relaxed'] as const

/** Runs both ways from equal buffers; how far apart what the kernel stored is at most, in each variant. */
function differences(
  kernel: Kernel,
  buffers: Buffers,
  shape: ReturnType<typeof shapeOf>,
  workgroups: number,
  output: string,
): number[] {
  const one = serialise(verify(kernel))
  const found = variants.map((variant) => runWat(one, buffers, shape, workgroups, variant)[output]!)
  interpret(kernel, buffers, shape)
  const wanted = buffers[output]!
  return found.map((values) =>
    Math.max(...[...values].map((value, index) => Math.abs(value - wanted[index]!))),
  )
}

describe('WebAssembly and the interpreter agree', () => {
  test.each([
    [16, 8],
    [1, 1],
    [33, 19],
  ])('on tiled_product, %i by %i', (length, keyLength) => {
    const [plain, relaxed] = differences(
      matmul,
      {
        left: numbers(length * keyLength, 1),
        right: numbers(keyLength * 16, 2),
        product: new Float32Array(length * 16).fill(3e38),
      },
      shapeOf({ length, keyLength }),
      Math.ceil(length / 16),
      'product',
    )
    expect(plain).toBeLessThan(2e-6)
    expect(relaxed).toBeLessThan(2e-6)
  })

  test('on log_sum_exp', () => {
    const apart = differences(
      logSumExp,
      { values: numbers(7 * 45, 3), totals: new Float32Array(7).fill(3e38) },
      shapeOf({ heads: 7, length: 45 }),
      7,
      'totals',
    )
    expect(Math.max(...apart)).toBeLessThan(2e-6)
  })

  test('on block_scan', () => {
    const apart = differences(
      scan,
      { flags: Uint32Array.from({ length: 48 }, (_, index) => (index * 7) % 5), before: new Uint32Array(48) },
      shapeOf({ chunks: 3 }),
      3,
      'before',
    )
    expect(apart).toEqual([0, 0])
  })
})

const input: Binding = { name: 'input', element: 'f32', access: 'read' }
const out: Binding = { name: 'out', element: 'f32', access: 'read_write' }
const pair: SharedArray = { name: 'pair', element: 'f32', length: 3 }
const fours: SharedArray = { name: 'fours', element: 'vec4f', length: 2 }

const sample = (body: Kernel['body'], shared: Kernel['shared'] = []): Kernel => ({
  name: 'sample',
  summary: 'a test',
  workgroupSize: 1,
  count: ir.u32(1),
  bindings: [input, out],
  shared,
  body,
})

/** What a kernel of one workgroup stores in 8 numbers, of 8 that it is given. */
function run(body: ir.Body, shared: Kernel['shared'] = []): number[] {
  const buffers = { input: Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8]), out: new Float32Array(8) }
  const kernel = sample(ir.block(body), shared)
  const found = runWat(kernel, buffers, shapeOf({ length: 5 }), 1)['out']!
  interpret(kernel, buffers, shapeOf({ length: 5 }))
  expect([...found]).toEqual([...buffers.out])
  return [...found]
}

describe('memories', () => {
  test('constants of an index go into the offset, also under a product', () => {
    const place = ir.mul(ir.add(ir.workgroup, 2), 3)
    const { code } = wat(sample([ir.store(out, ir.add(place, 1), ir.load(input, ir.add(1, place)))]))
    expect(code).toContain('(f32.store offset=28')
    expect(code).toContain('(f32.load offset=28')
    expect(run(ir.store(out, ir.add(place, 1), ir.load(input, ir.sub(place, 3))))).toEqual([
      0, 0, 0, 0, 0, 0, 0, 4,
    ])
  })

  test('an index that wraps below zero on the way is right in the end', () => {
    const before = ir.let_('before', ir.sub(ir.workgroup, 3))
    expect(run([before, ir.store(out, ir.add(ir.ref(before), 4), ir.f32(7))])[1]).toBe(7)
  })

  test('shared arrays lie apart, each where a vector may', () => {
    const body = [
      ir.sharedStore(pair, 2, ir.load(input, 1)),
      ir.sharedStore(fours, 1, ir.vec4(1, 2, 3, ir.load(input, 7))),
      ir.sharedStore(fours, 0, ir.splat(ir.load(input, 4))),
      ir.store(out, 0, ir.sharedLoad(pair, 2)),
      ir.store(out, 1, ir.lane(ir.sharedLoad(fours, ir.workgroup), 3)),
      ir.store(out, 2, ir.lane(ir.sharedLoad(fours, ir.add(ir.workgroup, 1)), 3)),
    ]
    expect(run(body, [pair, fours]).slice(0, 3)).toEqual([2, 5, 8])
    expect(wat(sample(ir.block(body), [pair, fours])).workgroupBytes).toBe(16 + 32)
  })

  test('four numbers are read and written at once, at any index', () => {
    const four = ir.let_('four', ir.add(ir.loadFour(input, 3), 0.5))
    expect(run([four, ir.store(out, 1, ir.ref(four))])).toEqual([0, 4.5, 5.5, 6.5, 7.5, 0, 0, 0])
    expect(wat(sample(ir.block(four))).code).toContain('(v128.load offset=12')
  })

  test('the table gives numbers of elements and sizes of the call', () => {
    const sizes = ir.add(ir.mul(ir.bufferLength(input), 10), ir.shape('length'))
    expect(run(ir.store(out, 0, ir.convert('f32', sizes)))[0]).toBe(85)
  })
})

test('numbers that are read go where their lanes are', () => {
  const lanes = ir.vec4(ir.load(input, 3), 2, ir.load(input, ir.add(ir.workgroup, 5)), ir.load(input, 0))
  const store = ir.store(out, 0, lanes)
  const { code } = wat(sample(ir.block(store)))
  expect(code).toMatch(/v128\.load32_zero offset=12/)
  expect(code).toMatch(/v128\.load32_lane offset=20 2/)
  expect(code).not.toContain('f32.load')
  expect(run(store).slice(0, 4)).toEqual([4, 2, 6, 1])
})

describe('control', () => {
  const count = ir.var_('count', ir.f32(0))
  const more = ir.assign(ir.ref(count), ir.add(ir.ref(count), 1))
  const stored = ir.store(out, 0, ir.ref(count))

  test.each<[string, ir.Body, number]>([
    ['no turn', ir.for_('i', ir.shape('length'), 5, 1, () => more), 0],
    ['no turn of constants', ir.for_('i', 4, 4, 1, () => more), 0],
    ['a last step beyond the end', ir.for_('i', 0, ir.shape('length'), 2, () => more), 3],
    ['an end that is computed once', ir.for_('i', 1, ir.mul(ir.shape('length'), 2), 1, () => more), 9],
    ['a branch', ir.if_(ir.lt(ir.shape('length'), 5), [], more), 1],
  ])('%s', (_, body, wanted) => {
    expect(run([count, body, stored])[0]).toBe(wanted)
  })

  test('what a condition keeps from being read is not, and what is divided by 0 ends nothing', () => {
    const beyond = ir.gt(ir.load(input, 0x3fffffff), 0)
    const zero = ir.sub(ir.shape('length'), 5)
    const divided = ir.eq(ir.div(ir.shape('length'), zero), 1)
    const no = ir.lt(ir.shape('length'), 2)
    const value = (condition: Value): ir.Body => ir.if_(condition, ir.store(out, 0, ir.f32(1)))
    expect(run([value(ir.and(no, beyond)), value(ir.and(no, divided))])[0]).toBe(0)
    expect(run(value(ir.or(ir.not(no), divided)))[0]).toBe(1)
  })

  test('names of blocks side by side share a local where they have one type', () => {
    const block = (value: Value): ir.Body => {
      const x = ir.let_('x', value)
      return ir.if_(ir.lt(ir.workgroup, 1), [x, ir.store(out, 0, ir.convert('f32', ir.ref(x)))])
    }
    const { code } = wat(sample(ir.block(block(ir.u32(3)), block(ir.i32(-2)), block(ir.f32(1)))))
    expect(code).toContain('(local $x i32) (local $out i32) (local $x.f32 f32)')
  })

  test('a kernel’s own names are not mistaken for the text’s', () => {
    const [first, table] = [ir.let_('first', ir.f32(1)), ir.let_('table', ir.f32(2))]
    expect(run([first, table, ir.store(out, 0, ir.add(ir.ref(first), ir.ref(table)))])[0]).toBe(3)
  })
})

describe('conversions', () => {
  const number = (index: number): Value => ir.mul(ir.load(input, index), -1.5)
  test.each<[string, Value, number]>([
    ['a negative float to u32', ir.convert('u32', number(2)), 0],
    ['a float to i32, towards 0', ir.convert('i32', number(2)), -4],
    ['a float to bool', ir.convert('bool', number(2)), 1],
    ['an i32 to u32 and back', ir.convert('i32', ir.convert('u32', ir.convert('i32', number(0)))), -1],
  ])('%s', (_, value, wanted) => {
    expect(run(ir.store(out, 0, ir.convert('f32', value)))[0]).toBe(wanted)
  })
})

test.each([
  ['f32', 'f32.neg'],
  ['vec4f', 'f32x4.neg'],
  ['i32', 'i32.sub'],
  ['vec4i', 'i32x4.neg'],
])('a formula has the negative of %s', (type, wanted) => {
  const formula = readFormula(`// −x\nfn negative(x: ${type}) -> ${type} {\n  return -x;\n}`)
  expect(JSON.stringify(translate(formula, new Map()).func)).toContain(`["${wanted}"`)
})

describe('the text', () => {
  test('defines functions once, each before what calls it, and only when called', () => {
    const x = ir.load(input, 0)
    const { code } = wat(sample([ir.store(out, 0, ir.call('silu', ir.call('silu', x)))]))
    const defined = [...code.matchAll(/\(func \$(\w+)/g)].map(([, name]) => name)
    expect(defined).toEqual(['exp_f32', 'sigmoid_f32', 'silu_f32'])
    expect(wat(sample([])).code).not.toContain('exp_')
  })

  test('is as the golden file has it', async () => {
    const one = (kernel: Kernel): string => wat(serialise(verify(kernel))).code
    await expect(one(logSumExp)).toMatchFileSnapshot('../golden/kernels/log_sum_exp.wat')
    await expect(one(scan)).toMatchFileSnapshot('../golden/kernels/block_scan.wat')
  })
})

describe.each(specs)('two assemblers make the same of the kernels of %s', (spec) => {
  const { checked } = understand({ file: spec, text: textOf(spec) })
  test.each(checked.attentions.map((model) => [model.name, model] as const))('%s', async (_, model) => {
    const plan = schedule(fromModel(model), workgroupPlanner)
    if ('unsupported' in plan) throw new Error(plan.unsupported)
    const { prefill, step } = plan.decoding ?? {}
    const schedules = [plan, prefill, step].flatMap((one) => one ?? [])
    const texts = new Map(
      schedules.flatMap(lowerSequential).map((kernel) => [kernel.name, wat(verify(kernel)).code]),
    )
    const other = await wabt()
    for (const code of texts.values()) {
      const features = { simd: true, relaxed_simd: true } as const
      const text = new TextEncoder().encode(code)
      const wanted = other.parseWat('kernel.wat', text, features).toBinary({}).buffer
      const { relaxed, plain } = assemble([code])
      expect(codeSection(Buffer.from(relaxed(), 'hex'))).toEqual(codeSection(wanted))
      expect(WebAssembly.validate(Buffer.from(plain(), 'hex'))).toBe(true)
    }
  })
})

/** The bytes of a module's functions. */
function codeSection(bytes: Uint8Array): Uint8Array {
  let place = 8
  const number = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[place++]!
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
  for (;;) {
    const kind = bytes[place++]
    const length = number()
    if (kind === 10) return Uint8Array.from(bytes.subarray(place, place + length))
    if (kind === undefined) throw new Error('the module has functions')
    place += length
  }
}
