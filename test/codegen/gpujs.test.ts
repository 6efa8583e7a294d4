// What gpu.js makes of each intrinsic and of integer arithmetic, in WebAssembly, against float64.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gpujs } from '../../compiler/targets/gpujs/print.ts'
import * as ir from '../../compiler/kernel/build.ts'
import { cell } from '../../compiler/kernel/cell.ts'
import type { CellKernel } from '../../compiler/kernel/cell.ts'
import { intrinsic, intrinsics } from '../../compiler/kernel/intrinsics.ts'
import type { IntrinsicName } from '../../compiler/kernel/intrinsics.ts'
import { lowest } from '../../compiler/kernel/kernel.ts'
import type { Binding, Statement, Value } from '../../compiler/kernel/kernel.ts'
import { CellKernel as RunningKernel } from '../../runtime/backends/gpujs/cell-kernel.ts'
import { loadLibrary } from '../../runtime/backends/gpujs/library.ts'
import { openMachine } from '../../runtime/backends/gpujs/machine.ts'
import type { Machine } from '../../runtime/backends/gpujs/machine.ts'

let machine: Machine
beforeAll(async () => {
  machine = openMachine(await loadLibrary())
})
afterAll(() => machine.close())

const numbers: Binding = { name: 'numbers', element: 'f32', access: 'read' }

/** One cell a point. */
function run(
  result: Value,
  points: Float32Array,
  integers: Readonly<Record<string, number>> = {},
  body: readonly Statement[] = [],
): Float32Array {
  const kernel: CellKernel = {
    name: 'probe',
    summary: 'A function at points.',
    inputs: [numbers],
    extent: [ir.u32(points.length), ir.u32(1), ir.u32(1)],
    body,
    result,
  }
  const source = gpujs(kernel)
  const wanted = source.integers ?? []
  const running = new RunningKernel(machine, 'probe', source.code, { buffers: 1, integers: wanted.length })
  const found = running.run(
    [points],
    wanted.map((name) => integers[name] ?? Number.NaN),
    [points.length, 1, 1],
  )
  running.destroy()
  return found as Float32Array
}

interface Case {
  readonly from: number
  readonly to: number
  /** Relative to the value, or absolute: within either. */
  readonly relative: number
  readonly absolute?: number
  readonly exponent?: number
}

const functions: readonly (readonly [IntrinsicName, Case])[] = [
  ['exp', { from: -80, to: 80, relative: 1e-6 }],
  ['log', { from: 1e-6, to: 1e6, relative: 1e-6, absolute: 1e-7 }],
  ['exp2', { from: -100, to: 100, relative: 1e-6 }],
  ['log2', { from: 1e-6, to: 1e6, relative: 1e-6, absolute: 2e-7 }],
  ['sqrt', { from: 0, to: 1e6, relative: 2e-7 }],
  ['abs', { from: -9, to: 9, relative: 0 }],
  ['sign', { from: -9, to: 9, relative: 0 }],
  ['step', { from: -9, to: 9, relative: 0 }],
  ['floor', { from: -9, to: 9, relative: 0 }],
  ['sin', { from: -200, to: 200, relative: 0, absolute: 3e-7 }],
  ['cos', { from: -200, to: 200, relative: 0, absolute: 3e-7 }],
  ['tanh', { from: -20, to: 20, relative: 1e-6 }],
  ['sinh', { from: -80, to: 80, relative: 1e-6 }],
  ['cosh', { from: -80, to: 80, relative: 1e-6 }],
  ['erf', { from: -6, to: 6, relative: 1e-6 }],
  ['relu', { from: -9, to: 9, relative: 0 }],
  ['elu', { from: -20, to: 9, relative: 1e-6 }],
  ['gelu', { from: -9, to: 9, relative: 5e-6 }],
  ['sigmoid', { from: -60, to: 60, relative: 1e-6 }],
  ['silu', { from: -60, to: 60, relative: 1e-6 }],
  ['softplus', { from: -60, to: 60, relative: 1e-6 }],
  ['power', { from: -9, to: 9, relative: 1e-6, exponent: 2 }],
  ['power', { from: -9, to: 9, relative: 1e-6, exponent: 7 }],
  ['power', { from: -9, to: 9, relative: 1e-6, exponent: -3 }],
  ['power', { from: 0.1, to: 90, relative: 1e-6, exponent: 1.5 }],
  ['power', { from: 0.1, to: 90, relative: 2e-6, exponent: 0.3 }],
]

describe('functions', () => {
  test.each(functions)('%s %o', (name, { from, to, relative, absolute = 0, exponent }) => {
    const points = Float32Array.from({ length: 401 }, (_, n) => from + ((to - from) * n) / 400 + 1e-3)
    const x = ir.load(numbers, cell.x)
    const found = run(exponent === undefined ? ir.call(name, x) : ir.call(name, x, exponent), points)
    const { value } = intrinsic(name)
    points.forEach((point, n) => {
      const wanted = exponent === undefined ? value(point) : value(point, exponent)
      const bound = Math.max(absolute, relative * Math.abs(wanted))
      expect(Math.abs((found[n] ?? Number.NaN) - wanted), `${name}(${point})`).toBeLessThanOrEqual(bound)
    })
  })

  test('a logarithm of nothing is the lowest number', () => {
    const x = ir.load(numbers, cell.x)
    expect([...run(ir.call('log', x), Float32Array.of(0, -1))]).toEqual([lowest, lowest].map(Math.fround))
  })

  test('what functions of the kernel give may be declared, and be part of what is', () => {
    const square = ir.call('power', ir.load(numbers, cell.x), 2)
    const declared = ir.let_('square', square)
    const changed = ir.var_('changed', ir.sub(ir.ref(declared), square))
    const other = ir.let_('other', ir.add(ir.ref(declared), ir.ref(changed)))
    const result = ir.mul(ir.ref(other), ir.ref(declared))
    expect([...run(result, Float32Array.of(2, -3), {}, [declared, changed, other])]).toEqual([16, 81])
  })

  test('every intrinsic is held to its value here or below', () => {
    const below: readonly IntrinsicName[] = [
      'min',
      'max',
      'fma',
      'atMost',
      'floorDivide',
      'floorModulo',
      'random',
    ]
    const held = new Set([...functions.map(([name]) => name), ...below])
    expect([...held].sort()).toEqual(Object.keys(intrinsics).sort())
  })
})

describe('integers', () => {
  const signed = ir.sub(ir.convert('i32', cell.x), ir.i32(300))
  const points = new Float32Array(601)
  const each = (wanted: (n: number) => number): number[] => Array.from(points, (_, n) => wanted(n))

  test.each([1, 3, 7, 64, -5])('quotients by %i are rounded down', (divisor) => {
    const found = run(ir.convert('f32', ir.call('floorDivide', signed, ir.i32(divisor))), points)
    // Without the sign of a zero.
    expect([...found]).toEqual(each((n) => Math.floor((n - 300) / divisor) + 0))
    const rest = run(ir.convert('f32', ir.call('floorModulo', signed, ir.i32(divisor))), points)
    expect([...rest]).toEqual(each((n) => n - 300 - divisor * Math.floor((n - 300) / divisor)))
  })

  test.each([2.5, -0.75, 3])('remainders of floats by %d, and quotients rounded down', (divisor) => {
    const real = ir.mul(ir.convert('f32', signed), 0.25)
    const rest = run(ir.call('floorModulo', real, ir.f32(divisor)), points)
    const modulo = (n: number): number => n / 4 - divisor * Math.floor(n / 4 / divisor)
    expect([...rest].map((value) => value + 0)).toEqual(each((n) => modulo(n - 300) + 0))
    const whole = ir.convert('i32', ir.call('floor', ir.div(real, ir.f32(divisor))))
    expect([...run(ir.convert('f32', whole), points)]).toEqual(
      each((n) => Math.floor((n - 300) / 4 / divisor) + 0),
    )
  })

  test('quotients and remainders by sizes of the call', () => {
    for (const heads of [1, 3, 6, 7, 49]) {
      const quotient = run(ir.convert('f32', ir.div(cell.x, ir.shape('heads'))), points, { heads })
      expect([...quotient]).toEqual(each((n) => Math.floor(n / heads)))
      const rest = run(ir.convert('f32', ir.mod(cell.x, ir.shape('heads'))), points, { heads })
      expect([...rest]).toEqual(each((n) => n % heads))
    }
  })

  test('indexes beyond what a float holds are exact', () => {
    // 2^24 + 1, which no float is, less 2^24 again.
    const far = ir.sub(ir.add(ir.mul(ir.shape('length'), 4096), cell.x), ir.mul(ir.shape('length'), 4096))
    const points = Float32Array.from({ length: 5 }, (_, n) => 10 * n)
    expect([...run(ir.load(numbers, far), points, { length: 4097 })]).toEqual([0, 10, 20, 30, 40])
  })

  test('minima, maxima and sums of products', () => {
    const x = ir.load(numbers, cell.x)
    const points = Float32Array.of(-2, 0.5, 3)
    expect([...run(ir.call('min', x, 1), points)]).toEqual([-2, 0.5, 1])
    expect([...run(ir.call('max', x, 1), points)]).toEqual([1, 1, 3])
    expect([...run(ir.call('fma', x, x, 1), points)]).toEqual([5, 1.25, 10])
    expect([...run(ir.call('atMost', x, 0.5, 7, x), points)]).toEqual([7, 7, 3])
  })

  test.each([0, 1, -7, 123456789])('random numbers are those of every other device, seed %i', (seed) => {
    const found = run(ir.call('random', signed, ir.mul(signed, ir.i32(7919)), ir.i32(seed)), points)
    const wanted = each((n) => intrinsic('random').value(n - 300, (n - 300) * 7919, seed))
    expect([...found]).toEqual(wanted)
  })
})
