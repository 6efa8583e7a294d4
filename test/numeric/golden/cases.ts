// The recordings beside this file as typed arrays, under the names that a call of an attention uses.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface GoldenCase {
  readonly name: string
  /** The implementation that computed the output. */
  readonly peer: string
  /** The same computation in attn; the attention is called `subject`. */
  readonly spec: string
  /** Relative root-mean-square error allowed to a float32 kernel. */
  readonly tolerance: number
  readonly batch: number
  readonly heads: number
  readonly kvHeads: number
  readonly length: number
  readonly keyLength: number
  readonly dim: number
  readonly valueDim: number
  /** [batch, heads, length, dim] */
  readonly q: Float32Array<ArrayBuffer>
  /** [batch, kvHeads, keyLength, dim] */
  readonly k: Float32Array<ArrayBuffer>
  /** [batch, kvHeads, keyLength, valueDim] */
  readonly v: Float32Array<ArrayBuffer>
  /** [projections, dim] */
  readonly projection?: Float32Array<ArrayBuffer>
  /** [batch] Visible keys. */
  readonly lengths?: Int32Array<ArrayBuffer>
  /** [heads, width] */
  readonly conv?: Float32Array<ArrayBuffer>
  /** [batch, heads, length, valueDim] */
  readonly output: Float64Array<ArrayBuffer>
  /** Of the recordings of gradients, in the shapes of the output, q, k and v. */
  readonly gradients?: Readonly<Record<'dout' | 'dq' | 'dk' | 'dv', Float64Array<ArrayBuffer>>>
}

interface TensorEntry {
  readonly dtype: 'f32' | 'f64' | 'i32'
  readonly shape: readonly number[]
  readonly offset: number
  readonly bytes: number
}

interface CaseEntry {
  readonly name: string
  readonly peer: string
  readonly spec: string
  readonly tolerance: number
  readonly inputs: Readonly<Record<string, TensorEntry>>
  readonly outputs: Readonly<Record<string, TensorEntry>>
}

const beside = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

export function goldenCases(): GoldenCase[] {
  const { cases } = JSON.parse(readFileSync(beside('index.json'), 'utf8')) as { cases: CaseEntry[] }
  const data = Uint8Array.from(readFileSync(beside('data.bin'))).buffer
  return cases.map((entry) => goldenCase(entry, data))
}

function goldenCase(
  { name, peer, spec, tolerance, inputs, outputs }: CaseEntry,
  data: ArrayBuffer,
): GoldenCase {
  const { Q, K, V, W, omega, key_lengths: lengths, mask, conv_w: conv } = inputs
  const O = outputs['O']
  if (!Q || !K || !V || !O) throw new Error(`${name}: the recording lacks Q, K, V or O`)
  if (mask && floats(mask, data).some((entry) => entry !== 1)) throw new Error(`${name}: its mask hides rows`)
  const { dO, dQ, dK, dV } = { ...inputs, ...outputs }
  const projection = W ? floats(W, data) : omega && transposed(floats(omega, data), omega.shape)
  return {
    name,
    peer,
    spec,
    tolerance,
    batch: size(Q, 0),
    heads: size(Q, 1),
    kvHeads: size(K, 1),
    length: size(Q, 2),
    keyLength: size(K, 2),
    dim: size(Q, 3),
    valueDim: size(V, 3),
    q: floats(Q, data),
    k: floats(K, data),
    v: floats(V, data),
    ...(projection && { projection }),
    ...(lengths && { lengths: new Int32Array(bytes(lengths, data)) }),
    ...(conv && { conv: floats(conv, data) }),
    ...(dO &&
      dQ &&
      dK &&
      dV && {
        gradients: {
          dout: doubles(dO, data),
          dq: doubles(dQ, data),
          dk: doubles(dK, data),
          dv: doubles(dV, data),
        },
      }),
    output: doubles(O, data),
  }
}

const size = ({ shape }: TensorEntry, axis: number): number => shape[axis] ?? 1

const bytes = ({ offset, bytes }: TensorEntry, data: ArrayBuffer): ArrayBuffer =>
  data.slice(offset, offset + bytes)

const floats = (entry: TensorEntry, data: ArrayBuffer): Float32Array<ArrayBuffer> =>
  new Float32Array(bytes(entry, data))

const doubles = (entry: TensorEntry, data: ArrayBuffer): Float64Array<ArrayBuffer> =>
  entry.dtype === 'f64' ? new Float64Array(bytes(entry, data)) : Float64Array.from(floats(entry, data))

function transposed(
  matrix: Float32Array,
  [height = 0, width = 0]: readonly number[],
): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: matrix.length }, (_, index) => {
    const [column, row] = [Math.floor(index / height), index % height]
    return matrix[row * width + column] ?? Number.NaN
  })
}
