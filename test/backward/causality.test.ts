// Nothing leaks backwards: of a causal attention, what a row's gradient may not depend on changes no bit of it.
import { describe, expect, test } from 'vitest'
import { createAttention } from '../../runtime/index.ts'
import { compileFor, normals } from '../numeric/harness.ts'

const length = 70
const [dim, valueDim] = [6, 5]
/** From this row on, or up to it, tensors change. */
const turn = 41

const settings = (lines: string, features = ''): string =>
  `${features}\nattention subject {\n  dim: ${dim}\n  value_dim: ${valueDim}\n  mask: causal\n${lines}\n}\n`

const texts: Record<string, string> = {
  softmax: settings('  kernel: exp(dot(q, k))'),
  'exponentials of projections': settings(
    '  feature: mine\n  projections: 9 iid seed 3',
    'feature mine(x, w) = exp(dot(w, x) - dot(x, x) / 2)',
  ),
  'elu + 1 with a decay': settings(
    '  feature: mine\n  decay: 1 - 2^(-2 - head)',
    'feature mine(x) = elu(x) + 1',
  ),
}

/** The same rows, and others where the row's number says so; up to 1e3, so that scales move. */
function changed(rows: Float32Array, where: (row: number) => boolean): Float32Array<ArrayBuffer> {
  const width = rows.length / length
  const others = normals(rows.length, 77, 1e3)
  return Float32Array.from(rows, (entry, n) => (where(Math.floor(n / width)) ? (others[n] ?? 0) : entry))
}

/** The rows of a gradient from `first` to before `end`, as bits. */
const bits = (rows: Float32Array, first: number, end: number): Uint32Array => {
  const width = rows.length / length
  return new Uint32Array(rows.slice(first * width, end * width).buffer)
}

/** How many of the rows from `first` to before `end` are the same in both. */
function unchanged(one: Float32Array, other: Float32Array, first: number, end: number): number {
  const rows = Array.from({ length: end - first }, (_, n) => first + n)
  const text = (from: Float32Array, row: number): string => bits(from, row, row + 1).join()
  return rows.filter((row) => text(one, row) === text(other, row)).length
}

describe.each(Object.entries(texts))('%s', (_, text) => {
  const { program } = compileFor('wasm', text)
  const call = {
    q: normals(length * dim, 1),
    k: normals(length * dim, 2),
    v: normals(length * valueDim, 3),
    dout: normals(length * valueDim, 4),
    length,
  }

  test('gradients of a query depend on no later row', async () => {
    const attention = await createAttention(program, { backend: 'wasm' })
    const before = await attention.backward(call)
    const late = (row: number): boolean => row >= turn
    const later = { k: changed(call.k, late), v: changed(call.v, late), q: changed(call.q, late) }
    const after = await attention.backward({ ...call, ...later, dout: changed(call.dout, late) })
    attention.destroy()
    expect(bits(after.dq, 0, turn)).toEqual(bits(before.dq, 0, turn))
    // What changed has been seen: by the rows from there on, and by the keys before them.
    expect(unchanged(after.dq, before.dq, turn, length)).toBe(0)
    for (const name of ['dk', 'dv'] as const) expect(unchanged(after[name], before[name], 0, turn)).toBe(0)
  })

  test('gradients of a key and of its value depend on no cotangent of an earlier row', async () => {
    const attention = await createAttention(program, { backend: 'wasm' })
    const before = await attention.backward(call)
    const after = await attention.backward({ ...call, dout: changed(call.dout, (row) => row < turn) })
    attention.destroy()
    for (const name of ['dk', 'dv'] as const) {
      expect(bits(after[name], turn, length)).toEqual(bits(before[name], turn, length))
      expect(unchanged(after[name], before[name], 0, turn)).toBe(0)
    }
  })
})
