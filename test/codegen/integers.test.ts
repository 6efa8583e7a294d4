// The intrinsics of integers and of several arguments, on a device and as WebAssembly, bit for bit.
import { beforeAll, describe, expect, test } from 'vitest'
import * as ir from '../../compiler/kernel/build.ts'
import type { Binding, Kernel, Value } from '../../compiler/kernel/kernel.ts'
import { random } from '../../runtime/projection/random.ts'
import { shapeOf } from '../kernel/shape.ts'
import { serialise } from '../../compiler/kernel/sequential/serialise.ts'
import { verify } from '../../compiler/kernel/verify.ts'
import { openSwiftShader, runOnDevice } from './run-kernel.ts'
import { runWat } from './run-wat.ts'

let device: GPUDevice
beforeAll(async () => {
  device = await openSwiftShader()
})

const side = 48
const middle = 24
const results: Binding = { name: 'results', element: 'f32', access: 'read_write' }

type Place = 'WebGPU' | 'WebAssembly'

/** A value of all pairs of integers from −24 to 23. */
async function tableOn(
  place: Place,
  type: 'i32' | 'u32',
  of: (a: Value, b: Value) => Value,
): Promise<Float32Array> {
  const integer = (value: Value): Value =>
    type === 'i32' ? ir.sub(ir.convert('i32', value), middle) : ir.convert(type, value)
  const kernel: Kernel = {
    name: 'pairs',
    summary: 'a function of pairs of integers',
    workgroupSize: side,
    count: ir.u32(side),
    bindings: [results],
    shared: [],
    body: ir.block(
      ir.store(
        results,
        ir.add(ir.mul(ir.workgroup, side), ir.thread),
        ir.convert('f32', of(integer(ir.workgroup), integer(ir.thread))),
      ),
    ),
  }
  const buffers = { results: new Float32Array(side * side).fill(3e38) }
  const found =
    place === 'WebAssembly'
      ? runWat(serialise(verify(kernel)), buffers, shapeOf(), side)
      : await runOnDevice(device, kernel, buffers, shapeOf(), [side, 1])
  return found['results'] as Float32Array
}

function expected(type: 'i32' | 'u32', of: (a: number, b: number) => number): number[] {
  const origin = type === 'i32' ? middle : 0
  return Array.from({ length: side * side }, (_, index) =>
    of(Math.floor(index / side) - origin, (index % side) - origin),
  )
}

/** Division by zero is left to nobody: 7 stands for it. */
const safe = (b: Value): Value => ir.select(ir.eq(b, 0), 7, b)

describe.each<Place>(['WebGPU', 'WebAssembly'])('on %s', (place) => {
  const table = (type: 'i32' | 'u32', of: (a: Value, b: Value) => Value) => tableOn(place, type, of)

  test.each(['i32', 'u32'] as const)('floorDivide and floorModulo of %s round towards −∞', async (type) => {
    const quotient = await table(type, (a, b) => ir.call('floorDivide', a, safe(b)))
    const remainder = await table(type, (a, b) => ir.call('floorModulo', a, safe(b)))
    expect([...quotient]).toEqual(expected(type, (a, b) => Math.floor(a / (b || 7)) + 0))
    expect([...remainder]).toEqual(expected(type, (a, b) => a - (b || 7) * Math.floor(a / (b || 7))))
  })

  // Powers of two are shifted and masked, other constants are divided by.
  test.each([1, 4, 5, 32].flatMap((by) => (['i32', 'u32'] as const).map((type) => [type, by] as const)))(
    'floorDivide and floorModulo of %s by the constant %i',
    async (type, by) => {
      const constant = type === 'i32' ? ir.i32(by) : ir.u32(by)
      const quotient = await table(type, (a) => ir.call('floorDivide', a, constant))
      const remainder = await table(type, (a) => ir.call('floorModulo', a, constant))
      expect([...quotient]).toEqual(expected(type, (a) => Math.floor(a / by) + 0))
      expect([...remainder]).toEqual(expected(type, (a) => a - by * Math.floor(a / by)))
    },
  )

  test('floorModulo of floats has the sign of the divisor, and is below it', async () => {
    const quarter = (value: Value): Value => ir.mul(ir.convert('f32', value), 0.25)
    const remainder = await table('i32', (a, b) => ir.call('floorModulo', quarter(a), quarter(safe(b))))
    const wanted = expected('i32', (a, b) => (a - (b || 7) * Math.floor(a / (b || 7))) / 4)
    expect([...remainder].map((value) => value + 0)).toEqual(wanted.map((value) => value + 0))
  })

  test.each(['i32', 'u32'] as const)('min, max and random of %s', async (type) => {
    expect([...(await table(type, (a, b) => ir.call('min', a, b)))]).toEqual(expected(type, Math.min))
    expect([...(await table(type, (a, b) => ir.call('max', a, b)))]).toEqual(expected(type, Math.max))
    const drawn = await table(type, (a, b) => ir.call('random', a, b, 2 ** 31 - 5))
    expect([...drawn]).toEqual(expected(type, (a, b) => random(a, b, 2 ** 31 - 5)))
  })

  test('abs of i32, and fma, choices, min and max of floats', async () => {
    expect([...(await table('i32', (a) => ir.call('abs', a)))]).toEqual(expected('i32', (a) => Math.abs(a)))
    const float = (value: Value): Value => ir.convert('f32', value)
    const multiplied = await table('i32', (a, b) => ir.fma(float(a), float(b), 0.5))
    expect([...multiplied]).toEqual(expected('i32', (a, b) => a * b + 0.5))
    const chosen = await table('i32', (a, b) => ir.call('atMost', float(a), float(b), 7, float(a)))
    expect([...chosen]).toEqual(expected('i32', (a, b) => (a <= b ? 7 : a)))
    const clamped = await table('i32', (a, b) => ir.call('max', ir.call('min', float(a), 3), float(b)))
    expect([...clamped]).toEqual(expected('i32', (a, b) => Math.max(Math.min(a, 3), b)))
  })
})
