// Kernels broken on purpose: the comparison that the suite rests on has to notice each of them.
import { describe, expect, it, test } from 'vitest'
import { wgsl } from '../../compiler/targets/webgpu/print.ts'
import type { Built } from '../../compiler/pipeline.ts'
import { deviceNames, testDevice } from '../setup/test-devices.ts'
import { once, prepare } from './agree.ts'
import type { Case } from './agree.ts'
import { disagreement } from './compare.ts'
import { guardedForward } from './guarded.ts'
import { compileOne, onDevice } from './harness.ts'
import type { Sizes } from './harness.ts'
import { interpreted } from './interpreted.ts'
import { mistakes, mutants } from './mutants.ts'

const program = (spec: string, sizes: Sizes, deviation = 1) =>
  once((): Case => prepare(compileOne(`attention a { ${spec} }`), sizes, { deviation }))

/**
 * Between them every loop is passed more than once, every tail is cut, and every scale rises. What a thread holds of a
 * tile is there for some thread: columns of values lie 8 apart, and a tile of exact attention has 128 keys, one of features 64.
 */
const programs = {
  'causal features': program('value_dim: 29 dim: 50 feature: relu1 mask: causal', {
    length: 67,
    heads: 2,
    kvHeads: 1,
    batch: 2,
    lengths: [50, 67],
  }),
  'causal features with exponents': program(
    'value_dim: 29 dim: 3 scale: 1 / 4 feature: favor projections: 50 mask: causal',
    { length: 67, batch: 2, heads: 2, kvHeads: 1, lengths: [50, 67] },
    3,
  ),
  'features without a mask': program(
    'value_dim: 29 dim: 3 scale: 1 / 4 feature: favor projections: 50',
    { length: 7, heads: 2, kvHeads: 1, keyLength: 69, batch: 2, lengths: [50, 69] },
    1.5,
  ),
  'pairs of rows': program(
    'value_dim: 5 dim: 3 kernel: exp(dot(q, k)) mask: causal',
    { length: 131, heads: 2, kvHeads: 1, batch: 2, lengths: [100, 131] },
    2,
  ),
}
const programNames = Object.keys(programs) as (keyof typeof programs)[]
const mistakeNames = Object.keys(mistakes) as (keyof typeof mistakes)[]

/** Of all places where a mistake can be made, so many are tried, evenly spread. */
const places = 6
/** Of a row's or a component's end, only one in eight of them is in the lane where it comes to bear. */
const placesOf = (mistake: keyof typeof mistakes): number => (mistake === '< is ≤' ? 2 * places : places)

/** The share of places at which a mistake has to be noticed, and why at some it is none. */
const leastNoticed: Readonly<Record<keyof typeof mistakes, number>> = {
  'a store is lost': 1,
  // What fills a tile up is met by no row or column that counts, and of two scales that bound a row either will do.
  'a store to workgroup memory is lost': 0.8,
  'what is stored is 0': 1,
  'query heads share a query': 1,
  // One before a loop's next pass is one too many where there is no next pass, or another array is next.
  'a barrier is lost': 0.5,
  // What shrinks sums does nothing where scales do not rise; what a row's weights share cancels; sums of a column past the last are stored nowhere.
  'an assignment is lost': 0.6,
  // Names that a kernel does not use.
  'a choice is the other': 0.8,
  'lengths are not looked at': 0.5,
  // Bounds that are never met exactly, and clamps that only keep a load inside.
  '≤ is <': 0.1,
  '< is ≤': 0.08,
  '− is +': 0.5,
  'a loop starts one late': 0.5,
}

function spread<T>(all: readonly T[], count: number): T[] {
  const step = Math.max(1, all.length / count)
  return Array.from({ length: Math.min(count, all.length) }, (_, index) => all[Math.floor(index * step)] as T)
}

/** On the host; a race, a read of what was never written and an index out of bounds count as noticed. */
function noticed(wrong: Built, one: Case): boolean {
  const { sizes, inputs } = one
  try {
    const found = interpreted(wrong, sizes, inputs, {}, undefined, one.projection).out
    return disagreement({ ...one, found, valueDim: wrong.model.valueDim }) !== ''
  } catch {
    return true
  }
}

test.each(programNames)('%s are right as they are', (name) => {
  const one = programs[name]()
  expect(disagreement({ ...one, found: one.emulated, valueDim: one.built.model.valueDim })).toBe('')
})

describe.each(programNames)('%s on the host', (name) => {
  it.each(mistakeNames)('%s', (mistake) => {
    const one = programs[name]()
    const tried = spread([...mutants(one.built, mistakes[mistake])], placesOf(mistake))
    const missed = tried.filter(({ built }) => !noticed(built, one)).map(({ where }) => where())
    const enough = tried.length - missed.length >= leastNoticed[mistake] * tried.length
    expect({ enough, missed }).toEqual({ enough: true, missed })
  })

  it('a pass that is skipped', () => {
    const one = programs[name]()
    const { forward } = one.built.program.forms
    const missed = forward.dispatches.filter((skipped) => {
      const dispatches = forward.dispatches.filter((dispatch) => dispatch !== skipped)
      const shortened = { ...one.built.program, forms: { forward: { ...forward, dispatches } } }
      return !noticed({ ...one.built, program: shortened }, one)
    })
    expect(missed).toEqual([])
  })
})

/** The first mutants alone, each of which costs a device a compilation. */
const onDevices = [
  'a barrier is lost',
  'what is stored is 0',
  'lengths are not looked at',
  'query heads share a query',
] as const satisfies (keyof typeof mistakes)[]

// A barrier too few need not show everywhere: on the first device it does.
describe.each(deviceNames.slice(0, 1))('on %s', (deviceName) => {
  it.each(onDevices)('%s', async (mistake) => {
    const one = programs['pairs of rows']()
    const [wrong] = mutants(one.built, mistakes[mistake])
    const device = await testDevice(deviceName)
    const attention = await onDevice(withKernels(wrong?.built ?? one.built), device)
    const found = await guardedForward(attention, device, one.sizes, one.inputs)
    attention.destroy()
    expect(disagreement({ ...one, found, valueDim: attention.valueDim })).not.toBe('')
  })

  it('rows past the end', async () => {
    const one = programs['pairs of rows']()
    const device = await testDevice(deviceName)
    // Told of a row more than the buffers are meant to hold, the kernels write into the guard band.
    const attention = await onDevice(one.built, device)
    const { length } = one.sizes
    const longer = {
      get valueDim() {
        return attention.valueDim
      },
      forward: (call: Parameters<typeof attention.forward<GPUBuffer>>[0]) =>
        attention.forward({ ...call, keyLength: length, length: length + 1 }),
    } as typeof attention
    const sizes = { length, keyLength: length }
    const { q, k, v } = one.inputs
    const cut = { q, k: k.slice(0, length * 3), v: v.slice(0, length * 5) }
    await expect(
      guardedForward(longer, device, sizes, { ...cut, q: q.slice(0, length * 3) }),
    ).rejects.toThrow(/out\[\d+\] was written/)
    attention.destroy()
  })
})

const withKernels = (built: Built): Built => ({
  ...built,
  program: {
    ...built.program,
    kernels: Object.fromEntries(built.kernels.map((kernel) => [kernel.name, wgsl(kernel)])),
  },
})
