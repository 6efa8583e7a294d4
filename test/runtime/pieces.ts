// Sequences in pieces: the attentions, their tensors and what belongs to which piece.
import { compile } from '../../compiler/index.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention, Backend } from '../../runtime/index.ts'
import { normals } from '../numeric/harness.ts'
import { testDevice } from './device.ts'

export const shared = testDevice()

export async function open(text: string, backend: Backend, options: object = {}): Promise<Attention> {
  const target = backend === 'reference' ? 'webgpu' : backend
  const { modules, diagnostics } = compile(text, { target })
  if (modules[0] === undefined) throw new Error(diagnostics[0]?.message)
  const device = backend === 'webgpu' ? { device: await shared } : {}
  return createAttention(modules[0].program, { backend, ...device, ...options })
}

const wide = 'dim: 3 value_dim: 2 mask: causal'
const angled = 'feature angled(x, w) = exp(dot(w, x) - dot(x, x) / 2) * (1.5 + cos(position / 5))'
export const specs = {
  'cached rows': `attention a { ${wide} kernel: exp(dot(q, k)) }`,
  'plain sums': `feature halves(x) = relu(x) attention a { ${wide} feature: halves }`,
  'plain sums that are mended': `attention a { ${wide} feature: elu1 epsilon: 0.1 }`,
  'a decay': `attention a { ${wide} feature: elu1 decay: 1 - 2^(-1 - head) }`,
  'a decay of what is not divided': `attention a { ${wide} feature: identity normalize: none decay: 0.9 }`,
  'a decay beside exponentials': `attention a { ${wide} feature: favor projections: 5 decay: 0.7 }`,
  'positions, projections and a decay': `${angled} attention a { ${wide} feature: angled projections: 5 decay: 0.9 }`,
}

export const [batch, heads, kvHeads] = [2, 4, 2] as const
/** Rows of a call, and of each batch item how many of them count. */
export const pieces: readonly (readonly [number, readonly [number, number]])[] = [
  [5, [5, 3]],
  [1, [1, 0]],
  [66, [66, 61]],
  [3, [0, 2]],
]
export const totals = [0, 1].map((item) => pieces.reduce((sum, [, counts]) => sum + (counts[item] ?? 0), 0))

/** For each batch item its whole sequence, [heads, rows, width]. */
export const sequences = (of: number, width: number, seed: number) =>
  totals.map((count, item) => normals(of * count * width, 10 * seed + item))

/** Rows from each item's `first` on, NaN where no more count: [batch, heads, count, width]. */
export function rowsOf(
  parts: readonly Float32Array[],
  of: number,
  count: number,
  from: readonly number[],
  counts: readonly number[],
): Float32Array<ArrayBuffer> {
  const all = parts.flatMap((part, item) => {
    const whole = totals[item] ?? 0
    const width = part.length / (of * whole)
    return Array.from({ length: of * count }, (_, n) => {
      const [head, row] = [Math.floor(n / count), n % count]
      const at = (head * whole + (from[item] ?? 0) + row) * width
      return row < (counts[item] ?? 0)
        ? [...part.subarray(at, at + width)]
        : new Array<number>(width).fill(NaN)
    }).flat()
  })
  return Float32Array.from(all)
}

/** The same numbers, zeros in the place of rows that do not count. */
export const counted = (found: Float32Array, wanted: Float32Array): Float32Array =>
  found.map((number, n) => (Number.isNaN(wanted[n]) ? 0 : number))
export const zeroed = (numbers: Float32Array): Float32Array =>
  numbers.map((one) => (Number.isNaN(one) ? 0 : one))

export const inputs = {
  q: sequences(heads, 3, 1),
  k: sequences(kvHeads, 3, 2),
  v: sequences(kvHeads, 2, 3),
}

export async function wholeOf(text: string): Promise<Float32Array[]> {
  using alone = await open(text, 'reference')
  return Promise.all(
    totals.map((length, item) =>
      alone.forward({ q: inputs.q[item]!, k: inputs.k[item]!, v: inputs.v[item]!, heads, kvHeads, length }),
    ),
  )
}
