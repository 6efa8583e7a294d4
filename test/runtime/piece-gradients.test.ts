// Gradients of a sequence in pieces, from the last to the first: those of the whole, on every backend.
import { describe, expect, test, vi } from 'vitest'
import { reference, referenceGradients } from '../../compiler/index.ts'
import { checkStateGradient } from '../../runtime/arguments/state-gradients.ts'
import { turn } from '../../runtime/calls/apart.ts'
import type { Attention, AttentionState, Backend, StateGradient } from '../../runtime/index.ts'
import type * as Packages from '../../runtime/node/packages.ts'
import { normals, relativeError } from '../numeric/harness.ts'
import {
  batch,
  heads,
  inputs,
  kvHeads,
  open,
  pieces,
  rowsOf,
  sequences,
  specs,
  totals,
  zeroed,
} from './pieces.ts'

vi.mock('../../runtime/node/packages.ts', async (original) => {
  const actual = await original<typeof Packages>()
  const importPackage = (name: string) =>
    name === 'attnc' ? Promise.resolve({ reference, referenceGradients }) : actual.importPackage(name)
  return { ...actual, importPackage }
})

const dout = sequences(heads, 2, 4)

/** Gradients of the whole sequence of each batch item, in float64. */
async function wholeGradients(text: string) {
  using alone = await open(text, 'reference')
  return Promise.all(
    totals.map((length, item) =>
      alone.backward({
        q: inputs.q[item]!,
        k: inputs.k[item]!,
        v: inputs.v[item]!,
        dout: dout[item]!,
        heads,
        kvHeads,
        length,
      }),
    ),
  )
}

const cases: Readonly<Record<string, readonly (keyof typeof specs)[]>> = {
  reference: ['cached rows', 'a decay'],
  wasm: ['cached rows', 'plain sums that are mended', 'positions, projections and a decay'],
  webgpu: ['plain sums'],
  gpujs: ['a decay beside exponentials'],
}

describe.each(Object.entries(cases))('%s', (backend, names) => {
  test.each(names)('%s', async (name) => {
    const { [name]: text } = specs
    using attention = await open(text, backend as Backend)
    const whole = await wholeGradients(text)
    const firsts = pieces.map((_, n) =>
      [0, 1].map((item) => pieces.slice(0, n).reduce((sum, [, lengths]) => sum + (lengths[item] ?? 0), 0)),
    )
    const calls = pieces.map(([length, lengths], n) => {
      const from = firsts[n] ?? []
      const of = (parts: readonly Float32Array[], groups: number) =>
        zeroed(rowsOf(parts, groups, length, from, lengths))
      const tensors = { q: of(inputs.q, heads), k: of(inputs.k, kvHeads), v: of(inputs.v, kvHeads) }
      return { ...tensors, batch, heads, kvHeads, length, lengths: [...lengths] }
    })
    const before: (AttentionState | undefined)[] = [undefined]
    for (const [n, call] of calls.entries())
      before.push((await attention.prefill({ ...call, state: before[n] })).state)
    let later: StateGradient<Float32Array> | undefined
    for (const n of [...calls.keys()].toReversed()) {
      const [length, lengths] = pieces[n]!
      const of = (parts: readonly Float32Array[], groups: number) =>
        zeroed(rowsOf(parts, groups, length, firsts[n]!, lengths))
      const found = await attention.backward({
        ...calls[n]!,
        dout: of(dout, heads),
        state: before[n],
        dstate: later,
        wrt: ['state'],
      })
      for (const [one, groups] of [
        ['dq', heads],
        ['dk', kvHeads],
        ['dv', kvHeads],
      ] as const)
        expect(
          relativeError(
            found[one],
            of(
              whole.map((item) => item[one]),
              groups,
            ),
          ),
          `${one} of piece ${n}`,
        ).toBeLessThan(2e-5)
      expect(found.dstate?.positions).toEqual(firsts[n])
      later = found.dstate
    }
  })
})

/** A call of one item and one head, and its cotangents. */
const one = (length: number, seed: number) => ({
  q: normals(length * 3, seed),
  k: normals(length * 3, seed + 1),
  v: normals(length * 2, seed + 2),
  length,
})
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, entry, n) => sum + entry * (b[n] ?? Number.NaN), 0)

test('behind rows that are kept, heads may be inside the rows of a call', async () => {
  using attention = await open(specs['cached rows'], 'webgpu')
  const [groups, length, sizes] = [[4, 2] as const, 3, { batch: 2, heads: 4, kvHeads: 2, length: 3 }]
  const [queries, keys] = groups
  const tensorsOf = (seed: number) => ({
    q: normals(2 * queries * length * 3, seed),
    k: normals(2 * keys * length * 3, seed + 1),
    v: normals(2 * keys * length * 2, seed + 2),
  })
  const { state } = await attention.prefill({ ...tensorsOf(21), ...sizes })
  const call = { ...tensorsOf(31), dout: normals(2 * queries * length * 2, 34) }
  const found = await attention.backward({ ...call, ...sizes, state, wrt: ['state'] })
  const inside = await attention.backward({
    q: turn(call.q, 2, queries, length),
    k: turn(call.k, 2, keys, length),
    v: turn(call.v, 2, keys, length),
    dout: turn(call.dout, 2, queries, length),
    ...sizes,
    layout: 'blhd',
    state,
    wrt: ['state'],
  })
  expect(turn(inside.dq, 2, length, queries)).toEqual(found.dq)
  expect(turn(inside.dk, 2, length, keys)).toEqual(found.dk)
  expect(turn(inside.dv, 2, length, keys)).toEqual(found.dv)
  expect(inside.dstate).toEqual(found.dstate)
})

test('the gradient of the sums of a state, and that of any cotangents of them, are central differences', async () => {
  using attention = await open(specs['a decay beside exponentials'], 'wasm')
  const [features, columns] = [attention.features, 3]
  const { state } = await attention.prefill(one(9, 1))
  const [rows, of] = [one(7, 5), normals(14, 9)]
  /** S and z as they are, of what was saved: features by columns, z last. */
  const sumsOf = (carried: Float32Array): Float64Array =>
    Float64Array.from({ length: features * columns }, (_, n) => {
      const [f, column] = [Math.floor(n / columns), n % columns]
      const at = column < 2 ? f * 2 + column : features * 2 + f
      return (carried[at] ?? Number.NaN) * 2 ** (carried[features * columns + f] ?? Number.NaN)
    })
  const cotangents = normals(features * columns, 11)
  const given = {
    name: 'a',
    positions: [16],
    batch: 1,
    heads: 1,
    kvHeads: 1,
    tensors: { sums: cotangents, scales: new Float32Array(features) },
  }
  const loss = async (from: AttentionState, call: typeof rows): Promise<number> => {
    const next = await attention.prefill({ ...call, state: from })
    const { tensors } = await next.state.save()
    return dot(next.out, of) + dot(sumsOf(tensors['carried'] ?? new Float32Array()), cotangents)
  }
  const found = await attention.backward({ ...rows, dout: of, state, dstate: given, wrt: ['state'] })

  const step = 2 ** -6
  const saved = await state.save()
  const carried = saved.tensors['carried'] ?? new Float32Array()
  const [direction, ofValues] = [normals(features * columns, 13), normals(14, 15)]
  const moved = async (by: number): Promise<number> => {
    const tensors = {
      carried: carried.map(
        (entry, n) => entry * (1 + (n < features * columns ? by * (direction[n] ?? 0) : 0)),
      ),
    }
    return loss(await attention.restore({ ...saved, tensors }), rows)
  }
  const { sums, scales } = found.dstate?.tensors ?? {}
  const gradient = Float64Array.from(
    sums ?? [],
    (entry, n) => entry * Math.exp(scales?.[Math.floor(n / columns)] ?? Number.NaN),
  )
  const unscaled = sumsOf(
    carried.map((entry, n) => (n < features * columns ? entry * (direction[n] ?? 0) : entry)),
  )
  expect(((await moved(step)) - (await moved(-step))) / (2 * step)).toBeCloseTo(dot(gradient, unscaled), 2)

  const byValues = async (by: number): Promise<number> =>
    loss(state, { ...rows, v: rows.v.map((entry, n) => entry + by * (ofValues[n] ?? 0)) })
  expect(((await byValues(step)) - (await byValues(-step))) / (2 * step)).toBeCloseTo(
    dot(found.dv, ofValues),
    2,
  )
})

test('what is wrong with a gradient of a state, or with asking for one, is said', async () => {
  const text = specs['plain sums']
  using attention = await open(text, 'wasm')
  const call = { ...one(4, 1), dout: normals(8, 4) }
  const { state } = await attention.prefill(one(5, 7))
  const { dstate } = await attention.backward({ ...call, state, wrt: ['state'] })
  const first = { ...one(5, 7), dout: normals(10, 4) }
  expect((await attention.backward({ ...first, dstate })).dstate).toBeUndefined()
  const none = await attention.backward({ ...first, dstate, wrt: ['state'] })
  expect(none.dstate?.positions).toEqual([0])
  await expect(attention.backward({ ...call, dstate })).rejects.toThrow(
    /dstate must be of the state behind these rows, at positions 4; it is of one at 5/,
  )
  await expect(attention.backward({ ...first, dstate: {} as never })).rejects.toThrow(
    /dstate must be what backward/,
  )
  await expect(attention.backward({ ...first, dstate: { ...dstate!, name: 'b' } })).rejects.toThrow(
    /dstate must be of a/,
  )
  await expect(attention.backward({ ...first, dstate: { ...dstate!, tensors: {} } })).rejects.toThrow(
    /sums of dstate must be/,
  )
  const buffer = { size: 32, usage: 0x80, mapAsync: () => {} } as unknown as GPUBuffer
  const onDevice = { ...dstate!, tensors: { sums: buffer } } as never
  await expect(attention.backward({ ...first, dstate: onDevice })).rejects.toThrow(
    /sums of dstate must be a Float32Array, as q, k and v are; it is an Object/,
  )
  await expect(attention.backward({ ...call, state: {} as never })).rejects.toThrow(
    /backward: the state must be one/,
  )
  await expect(attention.backward({ ...call, state, heads: 2 })).rejects.toThrow(
    /heads is 1 in the state and 2/,
  )
  await expect(attention.backward({ ...call, state, wrt: ['state', 'stats' as never] })).rejects.toThrow(
    /wrt must be an array of .*; it has "stats"/,
  )
  await expect(attention.backward({ ...call, state, wrt: ['state', 'projection'] })).rejects.toMatchObject({
    code: 'form',
  })
  state.destroy()
  await expect(attention.backward({ ...call, state })).rejects.toMatchObject({ code: 'destroyed' })
  using whole = await open('attention a { dim: 3 value_dim: 2 feature: elu1 }', 'wasm')
  await expect(whole.backward({ ...call, wrt: ['state'] })).rejects.toMatchObject({ code: 'form' })
  await expect(whole.prepareBackward({ wrt: ['state'] })).rejects.toMatchObject({ code: 'form' })
})

test('a gradient of a state in buffers is in such as kernels read, and is no result of the call', () => {
  const sizes = { batch: 1, heads: 1, kvHeads: 1 }
  const bufferOf = (facts: object) =>
    ({ size: 16, usage: 0x80, mapAsync: () => {}, ...facts }) as unknown as GPUBuffer
  const check = (sums: unknown, dv?: GPUBuffer) =>
    checkStateGradient(
      'a',
      { name: 'a', positions: [4], ...sizes, tensors: { sums } },
      {
        drawn: { name: 'a' } as never,
        call: { onHost: false, sizes, tensors: new Map(dv && [['dv', dv]]) },
        positions: [4],
        numbers: new Map([['sums', 4]]),
      },
    )
  const sums = bufferOf({})
  expect(check(sums, bufferOf({}))?.get('sums')).toBe(sums)
  expect(() => check(new Float32Array(4))).toThrow(
    'a: sums of dstate must be a GPUBuffer, as q, k and v are; it is a Float32Array.',
  )
  expect(() => check(bufferOf({ size: 12 }))).toThrow('a: sums of dstate needs 4 numbers; it has 3.')
  expect(() => check(bufferOf({ usage: 8 }))).toThrow('the buffer sums of dstate needs the usage STORAGE')
  expect(() => check(sums, sums)).toThrow('a: dv must be another buffer than sums of dstate.')
})

test.each([
  ['wasm', 'plain sums'],
  ['wasm', 'cached rows'],
  ['reference', 'plain sums'],
] as const)('gradients of states are prepared: %s, %s', async (backend, name) => {
  using attention = await open(specs[name], backend)
  await attention.prepareBackward({ wrt: ['state'] })
  const call = { ...one(4, 1), dout: normals(8, 4) }
  const given = { ...call, dout: call.dout.slice() }
  const later = attention.backward({ ...given, wrt: ['state'] })
  given.dout.fill(Number.NaN)
  expect((await later).dv).toEqual((await attention.backward({ ...call, wrt: ['state'] })).dv)
  await expect(attention.prepareBackward({ wrt: ['stats' as never] })).rejects.toThrow(/it has "stats"/)
  await expect(attention.backward(undefined as never)).rejects.toThrow(/a.backward takes an object/)
})

test('behind a state of f16, the arrays of a call are read before its promise is returned', async () => {
  using attention = await open(specs['plain sums'], 'wasm', { storage: 'f16', state: 'f16' })
  const { q, k, v, length } = one(5, 1)
  const halves = Object.fromEntries(
    Object.entries({ q, k, v }).map(([name, of]) => [name, new Uint16Array(of.length).fill(0x3c00)]),
  ) as Record<'q' | 'k' | 'v', Uint16Array>
  const { state } = await attention.prefill({ ...halves, length })
  const call = { ...one(4, 5), dout: normals(8, 4) }
  const wanted = await attention.backward({ ...call, state })
  const given = { ...call, v: call.v.slice(), dout: call.dout.slice() }
  const later = attention.backward({ ...given, state })
  given.v.fill(7)
  given.dout.fill(7)
  expect(await later).toEqual(wanted)
  await expect(attention.backward(undefined as never)).rejects.toThrow(/a.backward takes an object/)
})

test.each(['wasm', 'webgpu'] as const)(
  'copies of states are freed where a call is refused: %s',
  async (backend) => {
    const made = { copies: 0, freed: 0 }
    const copy = (): object => {
      made.copies++
      return { copy, destroy: () => made.freed++ }
    }
    const call = { ...one(4, 1), state: { copy } as never }
    for (const refused of [
      (attention: Attention) => attention.prefill(call),
      (attention: Attention) => attention.backward({ ...call, dout: normals(8, 4) }),
      (attention: Attention) => attention.forward({ ...call, keep: true } as never),
    ]) {
      using attention = await open(specs['plain sums'], backend)
      await expect(refused(attention)).rejects.toThrow(TypeError)
    }
    expect(made.copies).toBeGreaterThan(2)
    expect(made.freed).toBe(made.copies)
  },
)
