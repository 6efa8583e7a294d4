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
 * tile is there for some thread: columns of values lie 8 apart, a tile of exact attention has 128 keys, one of features
 * 64 rows and 64 components, and one of a state 128 components, of which a thread has some in each 32. The rows of a
 * second chunk, which read a state, are more than those of a thread.
 */
const programs = {
  'causal features': program('value_dim: 29 dim: 50 feature: relu1 mask: causal', {
    length: 77,
    heads: 2,
    kvHeads: 1,
    batch: 2,
    lengths: [50, 77],
  }),
  // Without ε what all weights of a row have in common would cancel.
  'causal features with exponents': program(
    'value_dim: 29 dim: 19 scale: 1 / 4 feature: favor projections: 101 mask: causal epsilon: 0.01',
    { length: 77, batch: 2, heads: 2, kvHeads: 1, lengths: [50, 77] },
    1.5,
  ),
  'features without a mask': program(
    'value_dim: 29 dim: 19 scale: 1 / 4 feature: favor projections: 101 epsilon: 0.01',
    { length: 37, heads: 2, kvHeads: 1, keyLength: 69, batch: 2, lengths: [50, 69] },
  ),
  'pairs of rows': program(
    'value_dim: 5 dim: 3 kernel: exp(dot(q, k)) mask: causal',
    { length: 143, heads: 2, kvHeads: 1, batch: 2, lengths: [100, 143] },
    2,
  ),
}
const programNames = Object.keys(programs) as (keyof typeof programs)[]

/**
 * A scale s is in every power 2^(e − s) of a sum, and in that of ε beside it, so that it cancels in the quotient: any
 * other gives the same numbers as long as nothing overflows and not everything underflows. What takes part in choosing
 * one is therefore told apart from other mistakes, and looked for where exponents are hundreds apart, in rows as in
 * components: there another scale is as good as none.
 */
const steep = {
  'causal features': program(
    'value_dim: 3 dim: 3 feature: exp(dot(w, x)) projections: 74 mask: causal',
    { length: 77, batch: 2 },
    100,
  ),
  'features without a mask': program(
    'value_dim: 3 dim: 3 feature: exp(dot(w, x)) projections: 74',
    { length: 61, keyLength: 69, batch: 2, heads: 2, kvHeads: 1 },
    100,
  ),
  'pairs of rows': program(
    'value_dim: 3 dim: 3 kernel: exp(dot(q, k)) mask: causal',
    { length: 131, batch: 2 },
    10,
  ),
}
const ofScales = 'a scale is lost'
const mistakeNames = (Object.keys(mistakes) as (keyof typeof mistakes)[]).filter((name) => name !== ofScales)

/** Of all places where a mistake can be made, so many are tried, evenly spread. */
const places = 6
/** Of a row's or a component's end, only one in eight of them is in the lane where it comes to bear. */
const placesOf = (mistake: keyof typeof mistakes): number => (mistake === '< is ≤' ? 2 * places : places)

/** The share of places at which a mistake has to be noticed, and why at some it is none. */
const leastNoticed: Readonly<Record<keyof typeof mistakes, number>> = {
  'a store is lost': 1,
  'a store to workgroup memory is lost': 1,
  'what is stored is 0': 1,
  'query heads share a query': 1,
  // One before a loop's next pass is one too many where there is no next pass, or another array is next.
  'a barrier is lost': 0.5,
  // What shrinks sums does nothing where scales do not rise.
  'an assignment is lost': 0.7,
  [ofScales]: 1,
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

/** Of these alone threads may come to disagree about who writes; what is lost leaves fewer that write. */
const mayRace: ReadonlySet<string> = new Set<keyof typeof mistakes>([
  'a barrier is lost',
  '≤ is <',
  '< is ≤',
  '− is +',
  'a choice is the other',
  'a loop starts one late',
  'lengths are not looked at',
  'query heads share a query',
])

/** On the host; a race, a read of what was never written and an index out of bounds count as noticed. */
function noticed(wrong: Built, one: Case, races = true): boolean {
  const { sizes, inputs } = one
  try {
    const found = interpreted(wrong, sizes, inputs, {}, undefined, one.projection, { races }).out
    return disagreement({ ...one, found, valueDim: wrong.model.valueDim }) !== ''
  } catch {
    return true
  }
}

function outcomeOf(one: Case, mistake: keyof typeof mistakes, places: number) {
  const tried = spread([...mutants(one.built, mistakes[mistake])], places)
  const missed = tried.filter(({ built }) => !noticed(built, one, mayRace.has(mistake)))
  const enough = tried.length - missed.length >= leastNoticed[mistake] * tried.length
  return { enough, missed: missed.map(({ where }) => where()) }
}

test.each(programNames)('%s are right as they are', (name) => {
  const one = programs[name]()
  expect(disagreement({ ...one, found: one.emulated, valueDim: one.built.model.valueDim })).toBe('')
})

describe.each(programNames)('%s on the host', (name) => {
  it.each(mistakeNames)('%s', (mistake) => {
    const { enough, missed } = outcomeOf(programs[name](), mistake, placesOf(mistake))
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

describe.each(Object.keys(steep) as (keyof typeof steep)[])('steep %s on the host', (name) => {
  it('a scale is lost', () => {
    const one = steep[name]()
    expect(disagreement({ ...one, found: one.emulated, valueDim: one.built.model.valueDim })).toBe('')
    expect([...mutants(one.built, mistakes[ofScales])].length).toBeGreaterThan(places)
    expect(outcomeOf(one, ofScales, Infinity)).toEqual({ enough: true, missed: [] })
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
