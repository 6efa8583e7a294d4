// The benchmark on a small input, without ONNX Runtime: that it measures, and that it refuses what is wrong.
import { describe, expect, test } from 'vitest'
import { compile, reference } from '../../compiler/index.ts'
import { devices } from '../../compiler/cost/device.ts'
import { expectForm } from '../../compiler/cost/estimate.ts'
import { cost } from '../../compiler/schedule/cost.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Program } from '../../runtime/index.ts'
import { testDevice } from '../setup/test-devices.ts'
import { benchmark, spec } from './benchmark.mjs'
import { compare } from './compare.mjs'
import { admit, distance, WrongResult } from './gate.mjs'
import { readOptions } from './options.mjs'
import { printReport } from './report.mjs'
import { timingOf } from './statistics.mjs'
import { packed } from './tensors.mjs'

const toolchain = { compile, reference, cost, devices, expectForm, createAttention }
const linear = () => {
  const [made] = compile(spec).modules
  if (made === undefined) throw new Error('the spec compiles')
  return made.forms.forward
}
const quiet = (): void => {}

const run = async (program: (compiled: Program) => Program) => {
  const device = await testDevice('SwiftShader')
  return benchmark(
    {
      ...toolchain,
      createAttention: (compiled, options) => createAttention(program(compiled), options),
    },
    device,
    { profile: 'm2', name: 'Apple M2', likeness: 'none' },
    undefined,
    { lengths: [70], rounds: 1 },
    quiet,
  )
}

describe('the benchmark', () => {
  test('times a kernel that is right', async () => {
    const report = await run((program) => program)
    const [result] = report.results
    expect(result).toMatchObject({ contestants: [{ name: 'attnc', fromArrays: { samples: 1 } }] })
    const printed = printReport({
      ...report,
      device: { name: 'SwiftShader', software: true },
      model: { words: 'modelled: of the Apple M2' },
      peer: { missing: 'it was not asked for' },
      sizes: { heads: 2, dim: 64 },
      rounds: 1,
    })
    expect(result).toMatchObject({
      modelled: { dispatches: [{ kernel: 'reduce' }, {}, { kernel: 'finish' }] },
    })
    const [, modelled] =
      /\| +length \| +attnc \| modelled \|.*\n.*\n\| +70 \|[^|]+\| +([\d.]+) \|/.exec(printed) ?? []
    const m2 = expectForm(linear(), { batch: 1, heads: 2, kvHeads: 2, length: 70, keyLength: 70 }, devices.m2)
    expect(Number(modelled)).toBeCloseTo(m2.time * 1e3, 3)
    expect(printed).toContain('modelled: of the Apple M2')
    expect(printed).toContain('ONNX Runtime: none. it was not asked for.')
    expect(printed).toMatch(/\| +\d+ \| +[\d.]+ \[[\d.]+–[\d.]+\] \| +\d\.\de-\d+ \|/)
  })

  test('shows no time of a program that leaves out its last dispatch', async () => {
    const { results } = await run((program) => {
      const { forward } = program.forms
      const dispatches = forward.dispatches.slice(0, -1)
      return { ...program, forms: { ...program.forms, forward: { ...forward, dispatches } } }
    })
    expect(results).toHaveLength(1)
    expect(JSON.stringify(results)).toMatch(/^\[{"length":70,"refused":"attnc is wrong, [^"]*"}]$/)
  })

  test('refuses a result that was right at first and wrong later', async () => {
    let calls = 0
    const contestant = {
      name: 'moody',
      width: 2,
      expected: Float64Array.of(1, 2),
      fromArrays: async () => Float32Array.of(1, ++calls > 2 ? 3 : 2),
      onDevice: async () => Float32Array.of(1, 2),
      destroy: quiet,
    }
    await expect(compare([contestant], 1)).resolves.toHaveLength(1)
    await expect(compare([contestant], 1)).rejects.toThrow(WrongResult)
  })
})

describe('the gate', () => {
  const expected = Float64Array.of(1000, 1000, 1e-3, 1e-3)

  test('sees a small row beside large ones', () => {
    const found = Float64Array.of(1000, 1000, 1e-3, 2e-3)
    expect(distance(found, expected, 2).whole).toBeLessThan(1e-6)
    expect(() => admit('it', found, expected, 2)).toThrow(/worst row 7\.1e-1/)
  })

  test.each([
    ['not a number', [1000, 1000, 1e-3, NaN]],
    ['too short', [1000, 1000]],
    ['too long', [1000, 1000, 1e-3, 1e-3, 0]],
    ['all zero', [0, 0, 0, 0]],
  ])('refuses what is %s', (_, found) => {
    expect(() => admit('it', found, expected, 2)).toThrow(WrongResult)
  })

  test('lets rounding pass', () => {
    expect(
      admit(
        'it',
        Float32Array.from(expected, (value) => value * (1 + 2e-6)),
        expected,
        2,
      ).whole,
    ).toBeLessThan(3e-6)
  })
})

test('rows of a head become parts of a row', () => {
  const sizes = { heads: 2, length: 2, dim: 1 }
  expect([...packed(Float32Array.of(1, 2, 3, 4), sizes)]).toEqual([1, 3, 2, 4])
})

test('quartiles lie between samples', () => {
  expect(timingOf([4, 1, 3, 2])).toEqual({ median: 2.5, lower: 1.75, upper: 3.25, least: 1, samples: 4 })
})

test('options are checked', () => {
  expect(readOptions(['--lengths', '32,64', '--no-peer', '--json'])).toMatchObject({
    lengths: [32, 64],
    peer: false,
    json: true,
  })
  expect(() => readOptions(['--lengths', '32,x'])).toThrow('--lengths: expected positive integers, found "x"')
  expect(() => readOptions(['--rounds', '0'])).toThrow('--rounds')
  expect(readOptions(['--cpu', '--threads', '1'])).toMatchObject({ cpu: true, threads: [1], readme: false })
})
