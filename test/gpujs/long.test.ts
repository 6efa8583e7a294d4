// Calls in slices: machines with room for little, against float64 on whole calls.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { reference } from '../../compiler/reference/reference.ts'
import type * as Machines from '../../runtime/backends/gpujs/machine.ts'
import { FormRunner } from '../../runtime/backends/gpujs/form-runner.ts'
import { needsEqualLengths } from '../../compiler/semantics/owners.ts'
import { beyondGpujs } from '../answers/cases.ts'
import { gpujsError, onGpujs } from '../cells/harness.ts'
import { compileFor, expected, full, relativeError, tensors, weightsFor } from '../numeric/harness.ts'
import { sized, specs } from '../numeric/small-specs.ts'

const room = vi.hoisted(() => ({ mostCells: Infinity, scratchCells: Infinity }))

vi.mock('../../runtime/backends/gpujs/machine.ts', async (original) => {
  const { openMachine } = await original<typeof Machines>()
  return {
    openMachine: (...of: Parameters<typeof openMachine>) => {
      const machine = openMachine(...of)
      return {
        ...machine,
        mostCells: Math.min(machine.mostCells, room.mostCells),
        scratchCells: Math.min(machine.scratchCells, room.scratchCells),
      }
    },
  }
})

const runs = vi.spyOn(FormRunner.prototype, 'run')

beforeEach(() => {
  runs.mockClear()
})
afterEach(() => {
  Object.assign(room, { mostCells: Infinity, scratchCells: Infinity })
})

const softmax = 'kernel: exp(dot(q, k))'

describe('rows apart', () => {
  test.each([
    softmax,
    `${softmax} mask: causal`,
    `${softmax} mask: i >= j && i - j < 7`,
    `${softmax} mask: (i + j) % 2 == 0 && i != 2`,
    `${softmax} mask: length - j > 3 || i >= 20`,
    'kernel: dot(q, k)^2 * exp(dot(q, k)) mask: causal epsilon: 0.5',
    'kernel: (dot(q, k) + 1)^2 mask: causal normalize: none',
  ])('%s', async (settings) => {
    const built = compileFor('gpujs', `attention a { dim: 6 value_dim: 5 scale: 0.4 ${settings} }`)
    const causal = settings.includes('causal')
    const sizes = {
      length: 41,
      keyLength: causal ? 41 : 33,
      heads: 4,
      kvHeads: 2,
      batch: 2,
      lengths: [9, 30],
    }
    const inputs = tensors(built, sizes, 7)
    const pairs = 2 * sizes.keyLength
    for (const [rows, count] of [
      [41, 4],
      [11, 16],
      [1, 4 * 41],
    ] as const) {
      runs.mockClear()
      room.scratchCells = pairs * rows
      expect(await gpujsError(built, sizes, inputs)).toBeLessThan(1e-5)
      expect(runs).toHaveBeenCalledTimes(count)
    }
  })

  test('a row of keys is never cut, nor needs to be', async () => {
    const built = compileFor('gpujs', `attention a { dim: 3 ${softmax} }`)
    room.scratchCells = 5
    const sizes = { length: 4, keyLength: 9 }
    expect(await gpujsError(built, sizes, tensors(built, sizes, 3))).toBeLessThan(1e-5)
    expect(runs).toHaveBeenCalledTimes(4)
  })

  test('three thousand rows, with the room that there is', async () => {
    const built = compileFor('gpujs', `attention a { dim: 8 scale: 0.3 ${softmax} mask: causal }`)
    const sizes = { length: 3000, lengths: [2900] }
    const inputs = tensors(built, sizes, 5)
    using attention = await onGpujs(built)
    const out = await attention.forward({ ...inputs, ...sizes })
    const rows = [0, 749, 750, 1511, 2250, 2999]
    const wanted = reference(built.model, { ...inputs, ...full(sizes), lengths: sizes.lengths, rows })
    const found = rows.flatMap((row) => [...out.subarray(row * 8, row * 8 + 8)])
    expect(relativeError(Float32Array.from(found), wanted)).toBeLessThan(1e-5)
    expect(runs).toHaveBeenCalledTimes(4)
  })

  test('the same numbers to the bit, cut or not', async () => {
    const built = compileFor('gpujs', `attention a { dim: 4 ${softmax} mask: causal }`)
    const inputs = tensors(built, { length: 30, heads: 2 }, 8)
    const call = { ...inputs, length: 30, heads: 2 }
    const forward = async (scratchCells: number) => {
      room.scratchCells = scratchCells
      using attention = await onGpujs(built)
      return await attention.forward(call)
    }
    const whole = await forward(Infinity)
    expect(await forward(100)).toEqual(whole)
    expect(runs).toHaveBeenCalledTimes(1 + 2 * 15)
  })

  test('overlapping calls do not meet', async () => {
    const built = compileFor('gpujs', `attention a { dim: 4 ${softmax} mask: causal }`)
    room.scratchCells = 60
    using attention = await onGpujs(built)
    const calls = [5, 20, 11].map((length) => ({ length, inputs: tensors(built, { length }, length) }))
    const pending = calls.map(({ length, inputs }) => attention.forward({ ...inputs, length }))
    for (const [index, out] of (await Promise.all(pending)).entries()) {
      const { length, inputs } = calls[index]!
      expect(relativeError(out, expected(built, { length }, inputs))).toBeLessThan(1e-5)
    }
  })
})

describe('a prefix in blocks', () => {
  test('is what it is at once, and so is what follows', async () => {
    const built = compileFor(
      'gpujs',
      `attention a { dim: 4 value_dim: 3 scale: 0.5 ${softmax} mask: causal }`,
    )
    const sizes = { length: 37, batch: 2, heads: 4, kvHeads: 2 }
    const inputs = tensors(built, sizes, 4)
    const token = { ...tensors(built, { ...sizes, length: 1 }, 9) }
    const open = async (scratchCells: number) => {
      room.scratchCells = scratchCells
      const attention = await onGpujs(built)
      const { out, state } = await attention.prefill({ ...inputs, ...sizes })
      const next = await attention.step(state, token)
      const saved = await state.save()
      state.destroy()
      attention.destroy()
      return { out, next, saved }
    }
    const whole = await open(Infinity)
    expect(runs).toHaveBeenCalledTimes(2)
    runs.mockClear()
    const cut = await open(8 * 37 * 5)
    expect(runs).toHaveBeenCalledTimes(8 + 1)
    expect(cut).toEqual(whole)
    expect(relativeError(cut.out, expected(built, sizes, inputs))).toBeLessThan(1e-5)
  })
})

describe('groups of one batch item', () => {
  const compiled = specs.filter((name) => !(name in beyondGpujs))
  test.each(compiled)('%s', async (name) => {
    const built = compileFor('gpujs', sized(name))
    const length = 67
    const keyLength = needsEqualLengths(built.model) ? length : length + 1
    const sizes = { length, keyLength, heads: 4, kvHeads: 2, batch: 2, lengths: [40, 66] }
    const inputs = tensors(built, sizes, 5, 0.5)
    const weights = weightsFor(built, sizes)
    const wanted = expected(built, sizes, inputs, undefined, weights)
    const attempt = async (): Promise<unknown> => {
      using attention = await onGpujs(built, weights)
      return await attention.forward({ ...inputs, ...sizes }).catch((thrown: unknown) => thrown)
    }
    // The least room that will do.
    let outcome: unknown = { code: 'limit' }
    for (let most = 256; !(outcome instanceof Float32Array); most = Math.ceil(most * 1.2)) {
      expect(outcome).toMatchObject({ code: 'limit' })
      room.mostCells = most
      outcome = await attempt()
    }
    expect(relativeError(outcome, wanted)).toBeLessThan(1e-5)
    expect(runs.mock.calls.length).toBeGreaterThanOrEqual(4)
  })
})
