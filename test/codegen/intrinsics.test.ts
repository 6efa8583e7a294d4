// Each intrinsic as WGSL spells it, on a device, and as WAT does, against its value in float64.
import { beforeAll, describe, expect, test } from 'vitest'
import * as ir from '../../compiler/kernel/build.ts'
import { intrinsic, intrinsics } from '../../compiler/kernel/intrinsics.ts'
import type { IntrinsicName } from '../../compiler/kernel/intrinsics.ts'
import type { Binding, Kernel, Value } from '../../compiler/kernel/kernel.ts'
import { lowest } from '../../compiler/kernel/kernel.ts'
import { shapeOf } from '../kernel/shape.ts'
import { serialise } from '../../compiler/kernel/sequential/serialise.ts'
import { scalarOperators } from '../../compiler/symbolic/operators.ts'
import type { ScalarOperator } from '../../compiler/symbolic/operators.ts'
import { smallestSingle, unit } from '../../compiler/symbolic/single.ts'
import { verify } from '../../compiler/kernel/verify.ts'
import { openSwiftShader, runOnDevice } from './run-kernel.ts'
import { runWat } from './run-wat.ts'

/** A result is right when it is within either bound; below the least normal f32 it may be flushed to zero. */
interface Bound {
  /** In units in the last place of the f32 result. */
  readonly ulps?: number
  readonly absolute?: number
}

interface Case extends Bound {
  readonly name: IntrinsicName
  readonly from: number
  readonly to: number
  /** Further points. */
  readonly at?: readonly number[]
  /** The constant exponent of power. */
  readonly exponent?: number
  /** In units in the last place, where WebAssembly is to be better. */
  readonly wasm?: number
}

const tiny = [0, 1e-30, -1e-30, 1e-10, -1e-10, 1e-5, -1e-5]

const cases: readonly Case[] = [
  { name: 'exp', from: -80, to: 80, at: [...tiny, -1e4, lowest], ulps: 2 },
  { name: 'exp2', from: -120, to: 120, at: [...tiny, lowest], ulps: 4, wasm: 2 },
  { name: 'log', from: 1e-6, to: 1e6, at: [0, -1, 1e-30, 1, 0.999, 1.001, 1e30], ulps: 4 },
  { name: 'log', from: 0.5, to: 2, ulps: 4 },
  { name: 'log2', from: 1e-6, to: 1e6, at: [0, -1, 1e-30, 1, 0.999, 1.001, 1e30], ulps: 4 },
  { name: 'log2', from: 0.5, to: 2, ulps: 5 },
  { name: 'sqrt', from: 0, to: 1e6, at: [1e-30, 1e30], ulps: 2 },
  { name: 'abs', from: -1e6, to: 1e6, at: tiny, ulps: 0 },
  { name: 'sign', from: -2, to: 2, at: tiny, ulps: 0 },
  { name: 'step', from: -2, to: 2, at: tiny, ulps: 0 },
  { name: 'floor', from: -1000, to: 1000, at: [-1, 1, 0.5, -0.5], ulps: 0 },
  { name: 'sin', from: -20, to: 20, at: tiny, absolute: 2e-7 },
  { name: 'sin', from: -1e5, to: 1e5, absolute: 2e-7 },
  { name: 'cos', from: -20, to: 20, at: tiny, absolute: 2e-7 },
  { name: 'cos', from: -1e5, to: 1e5, absolute: 2e-7 },
  { name: 'tanh', from: -12, to: 12, at: [...tiny, -1e4, 1e4], ulps: 6 },
  { name: 'tanh', from: -0.5, to: 0.5, ulps: 6 },
  { name: 'sinh', from: -88, to: 88, at: [...tiny, 89, -89], ulps: 5 },
  { name: 'sinh', from: -1.5, to: 1.5, ulps: 6 },
  { name: 'cosh', from: -88, to: 88, at: [...tiny, 89, -89], ulps: 5 },
  { name: 'erf', from: -7, to: 7, at: [...tiny, 1e4, -1e4], ulps: 6 },
  { name: 'relu', from: -2, to: 2, at: tiny, ulps: 0 },
  { name: 'elu', from: -20, to: 20, at: [...tiny, -1e4, 1e4], ulps: 2 },
  { name: 'elu', from: -0.5, to: 0.5, ulps: 2 },
  { name: 'gelu', from: -12, to: 12, at: [...tiny, -1e4, 1e4], ulps: 8 },
  { name: 'sigmoid', from: -80, to: 80, at: [...tiny, -1e4, 1e4], ulps: 4 },
  { name: 'silu', from: -80, to: 80, at: [...tiny, -1e4, 1e4], ulps: 4 },
  { name: 'softplus', from: -80, to: 80, at: [...tiny, -1e4, 1e4], ulps: 4 },
  { name: 'power', exponent: 0, from: -100, to: 100, ulps: 0 },
  { name: 'power', exponent: 2, from: -100, to: 100, ulps: 1 },
  { name: 'power', exponent: 3, from: -100, to: 100, ulps: 2 },
  { name: 'power', exponent: 7, from: -100, to: 100, ulps: 5 },
  { name: 'power', exponent: -1, from: -100, to: 100, ulps: 3 },
  { name: 'power', exponent: -4, from: 0.1, to: 100, ulps: 5 },
  { name: 'power', exponent: 0.5, from: 0, to: 100, ulps: 2 },
  { name: 'power', exponent: -1.5, from: 0.1, to: 100, ulps: 6 },
  { name: 'power', exponent: 1 / 3, from: 0.001, to: 1000, ulps: 8 },
  { name: 'power', exponent: -2.25, from: 0.1, to: 10, ulps: 12 },
  { name: 'power', exponent: 101, from: -1.1, to: 1.1, ulps: 200 },
]

let device: GPUDevice
beforeAll(async () => {
  device = await openSwiftShader()
})

const input: Binding = { name: 'points', element: 'f32', access: 'read' }
const scalars: Binding = { name: 'scalars', element: 'f32', access: 'read_write' }
const vectors: Binding = { name: 'vectors', element: 'f32', access: 'read_write' }

/** The intrinsic at each point, and again lane by lane at each point and three beside it. */
function probe(count: number, apply: (x: Value) => Value): Kernel {
  const position = ir.let_('position', ir.add(ir.mul(ir.workgroup, 64), ir.thread))
  const x = ir.let_('x', ir.load(input, ir.ref(position)))
  const four = ir.let_(
    'four',
    apply(ir.vec4(ir.ref(x), ir.add(ir.ref(x), 1), ir.mul(ir.ref(x), 0.5), ir.f32(0.25))),
  )
  const lanes = ([0, 1, 2, 3] as const).map((lane) =>
    ir.store(vectors, ir.add(ir.mul(ir.ref(position), 4), lane), ir.lane(ir.ref(four), lane)),
  )
  return {
    name: 'probe',
    summary: 'an intrinsic at many points',
    workgroupSize: 64,
    count: ir.u32(Math.ceil(count / 64)),
    bindings: [input, scalars, vectors],
    shared: [],
    body: ir.block(
      position,
      ir.if_(ir.lt(ir.ref(position), count), [
        x,
        ir.store(scalars, ir.ref(position), apply(ir.ref(x))),
        four,
        lanes,
      ]),
    ),
  }
}

function ulpsBetween(found: number, wanted: number): number {
  const unit = 2 ** (Math.floor(Math.log2(Math.max(Math.abs(wanted), 2 ** -126))) - 23)
  return Math.abs(found - wanted) / unit
}

function within(found: number, wanted: number, { ulps = 0, absolute = 0 }: Bound): boolean {
  if (Math.abs(wanted) < 2 ** -126 && Math.abs(found) < 2 ** -126) return true
  return Math.abs(found - wanted) <= absolute || ulpsBetween(found, wanted) <= ulps
}

/** What `attnc verify` takes for rounding of an operator: by its record, or the default of one that says nothing. */
function isExplained(name: IntrinsicName, x: number, found: number, wanted: number): boolean {
  const records: Readonly<Record<string, ScalarOperator>> = scalarOperators
  const record = records[name]
  if (record === undefined || name === 'power') return true
  const allowed =
    record.roundings === undefined ? 6 * Math.abs(wanted) + 8 : record.roundings(x) * Math.abs(wanted)
  return Math.abs(found - wanted) <= unit * allowed + smallestSingle
}

/** Equally spaced points, and as many spaced by their logarithm. */
function pointsOf({ from, to, at = [] }: Case): Float32Array<ArrayBuffer> {
  const count = 2000
  const even = Array.from({ length: count }, (_, index) => from + ((to - from) * index) / (count - 1))
  const fractions = Array.from({ length: count }, (_, index) => 10 ** (-6 + (6 * index) / (count - 1)))
  const near = fractions.map((fraction, index) => (index % 2 === 0 || from >= 0 ? to : from) * fraction)
  return Float32Array.from([...even, ...near.filter((x) => x >= from), ...at])
}

type Buffers = Record<string, Float32Array<ArrayBuffer>>
type Found = Readonly<Record<string, ArrayLike<number>>>
type Run = (kernel: Kernel, buffers: Buffers, workgroups: number) => Found | Promise<Found>

describe.each(cases)('$name from $from to $to', (given) => {
  const { name, exponent } = given
  const label = exponent === undefined ? name : `${name} ${exponent.toFixed(3)}`
  const value = (x: number): number =>
    exponent === undefined ? intrinsic(name).value(x) : intrinsic(name).value(x, Math.fround(exponent))

  const wrongIn = async (run: Run, bound: Bound): Promise<readonly string[]> => {
    const points = pointsOf(given)
    const kernel = probe(points.length, (x) =>
      exponent === undefined ? ir.call(name, x) : ir.call(name, x, exponent),
    )
    const buffers = {
      points,
      scalars: new Float32Array(points.length).fill(3e38),
      vectors: new Float32Array(points.length * 4).fill(3e38),
    }
    const found = await run(kernel, buffers, Math.ceil(points.length / 64))
    const wrong: string[] = []
    points.forEach((x, index) => {
      const lanes = [x, Math.fround(x + 1), x * 0.5, 0.25]
      const results = [
        found['scalars']![index]!,
        ...lanes.map((_, lane) => found['vectors']![index * 4 + lane]!),
      ]
      const inputs = [x, ...lanes]
      inputs.forEach((input, place) => {
        const wanted = value(input)
        // Outside of the case's range nothing is promised of the further lanes.
        const inside = place < 2 || (input >= given.from && input <= given.to)
        if (!inside || Math.abs(wanted) > 3.4e38) return
        const got = results[place]!
        if (wanted > lowest && !isExplained(name, input, got, wanted))
          wrong.push(`${label}(${input}) = ${got}, not ${wanted}: more than its record explains`)
        if (!within(got, wanted, bound)) wrong.push(`${label}(${input}) = ${got}, not ${wanted}`)
      })
    })
    return wrong.slice(0, 5)
  }

  test(`${label} is within ${given.ulps ?? 0} ulp or ${given.absolute ?? 0}`, async () => {
    const run: Run = (kernel, buffers, count) => runOnDevice(device, kernel, buffers, shapeOf(), [count, 1])
    expect(await wrongIn(run, given)).toEqual([])
  })

  test.each(['plain', 'relaxed'] as const)(
    `${label} is within ${given.wasm ?? given.ulps ?? 0} ulp or ${given.absolute ?? 0} in WebAssembly, %s`,
    async (variant) => {
      const run: Run = (kernel, buffers, count) =>
        runWat(serialise(verify(kernel)), buffers, shapeOf(), count, variant)
      expect(await wrongIn(run, { ...given, ulps: given.wasm ?? given.ulps ?? 0 })).toEqual([])
    },
  )
})

test('no intrinsic of floats is left out', () => {
  const covered = new Set(cases.map(({ name }) => name))
  const others = Object.keys(intrinsics).filter((name) => !covered.has(name as IntrinsicName))
  expect(others).toEqual(['min', 'max', 'fma', 'atMost', 'floorDivide', 'floorModulo', 'random'])
})
