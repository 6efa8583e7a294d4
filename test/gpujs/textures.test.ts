// Every texture is freed once, whatever fails on the way.
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { compileFor, expected, relativeError, tensors } from '../numeric/harness.ts'
import { onGpujs } from '../cells/harness.ts'
import { machineOfTextures, textures } from './textures.ts'

vi.mock('../../runtime/backends/gpujs/machine.ts', () => ({ openMachine: machineOfTextures }))

beforeEach(() => {
  Object.assign(textures, { alive: 0, untilFailure: Infinity, lost: false, scratchCells: Infinity })
})

const softmax = compileFor('gpujs', 'attention a { dim: 4 value_dim: 3 kernel: exp(dot(q, k)) mask: causal }')
const linear = compileFor(
  'gpujs',
  'attention a { dim: 4 feature: favor projections: 5 iid seed 1 mask: causal decay: 0.9 }',
)
const sizes = { length: 9, batch: 2, heads: 2, kvHeads: 1 }
const token = { batch: 2, heads: 2, kvHeads: 1, length: 1 }

describe.each([
  ['exact', softmax],
  ['factorised', linear],
] as const)('%s', (_, built) => {
  const inputs = tensors(built, sizes, 1)
  const one = tensors(built, token, 2)
  const kept = built.program.projection === undefined ? 0 : 1

  test.each([Infinity, 18, 4])(
    'a call that succeeds or fails, where scratch holds %d',
    async (scratchCells) => {
      textures.scratchCells = scratchCells
      using attention = await onGpujs(built)
      const out = await attention.forward({ ...inputs, ...sizes })
      expect(relativeError(out, expected(built, sizes, inputs))).toBeLessThan(1e-5)
      expect(textures.alive).toBe(kept)
      let failures = 0
      for (; failures < 1000; failures++) {
        textures.untilFailure = failures
        const outcome = await attention.forward({ ...inputs, ...sizes }).catch((thrown: unknown) => thrown)
        expect(textures.alive).toBe(kept)
        if (outcome instanceof Float32Array) break
        expect(outcome).toMatchObject({
          code: 'kernel',
          message: expect.stringMatching(/no memory/) as unknown,
        })
      }
      expect(failures).toBeGreaterThan(5)
      expect(failures).toBeLessThan(1000)
    },
  )

  test.each([Infinity, 18])(
    'a prefix that succeeds or fails, where scratch holds %d',
    async (scratchCells) => {
      textures.scratchCells = scratchCells
      using attention = await onGpujs(built)
      for (let calls = 0; ; calls++) {
        textures.untilFailure = calls
        const outcome = await attention.prefill({ ...inputs, ...sizes }).catch((thrown: unknown) => thrown)
        if (!(outcome instanceof Error)) break
        expect(textures.alive).toBe(kept)
      }
      expect(textures.alive).toBeGreaterThan(kept)
      attention.destroy()
      expect(textures.alive).toBe(0)
    },
  )

  test('a step that fails leaves the state as it was', async () => {
    using attention = await onGpujs(built)
    const { state } = await attention.prefill({ ...inputs, ...sizes })
    const copy = state.copy()
    const wanted = await attention.step(copy, one)
    copy.destroy()
    const alive = textures.alive
    let found: unknown
    for (let calls = 0; !(found instanceof Float32Array); calls++) {
      expect(textures.alive).toBe(alive)
      textures.untilFailure = calls
      found = await attention.step(state, one).catch((thrown: unknown) => thrown)
    }
    expect(found).toEqual(wanted)
    expect(textures.alive).toBe(alive)
    state.destroy()
    expect(textures.alive).toBe(kept)
  })

  test('states that a destroyed attention leaves, and those being restored', async () => {
    const attention = await onGpujs(built)
    const { state } = await attention.prefill({ ...inputs, ...sizes })
    const saved = await state.save()
    const copy = state.copy()
    const restored = await attention.restore(saved)
    const alive = textures.alive
    textures.untilFailure = Object.keys(saved.tensors).length - 1
    await expect(attention.restore(saved)).rejects.toMatchObject({ code: 'kernel' })
    expect(textures.alive).toBe(alive)
    attention.destroy()
    expect(textures.alive).toBe(0)
    for (const left of [state, copy, restored]) left.destroy()
    expect(textures.alive).toBe(0)
    await expect(attention.step(state, one)).rejects.toMatchObject({
      code: 'destroyed',
      message: expect.stringMatching(/create/) as unknown,
    })
  })
})

test('a context that is lost in the middle has its name, and nobody waits in vain', async () => {
  textures.scratchCells = 18
  using attention = await onGpujs(softmax)
  const inputs = tensors(softmax, sizes, 1)
  const pending = attention.prefill({ ...inputs, ...sizes })
  textures.lost = true
  await expect(pending).rejects.toMatchObject({ code: 'device-lost' })
  await expect(attention.forward({ ...inputs, ...sizes })).rejects.toMatchObject({ code: 'device-lost' })
  expect(textures.alive).toBe(0)
  textures.lost = false
})
