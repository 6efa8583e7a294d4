/**
 * The tensors that `run` gives to an attention: those of a file, or random
 * ones. Shapes: q [B, H, L, D], k [B, KVH, S, D], v [B, KVH, S, V] with KVH
 * key/value heads; a file may leave off the leading axes of size one.
 * With the layout blhd it has [B, L, H, D] and so on.
 */
import { counted } from '../../diagnostics/counted.ts'
import { turn } from '../../../runtime/calls/apart.ts'
import { LARGEST, narrow, widen } from '../../../runtime/storage/half.ts'
import type { CallSizes } from '../../../runtime/contract/shape.ts'
import { weightNames } from '../../../runtime/contract/weights.ts'
import { usage } from '../failure.ts'
import type { Loaded } from '../tensors/load.ts'
import { type LoadedTensor, shapeText, sizeOf, type Tensor } from '../tensors/tensor.ts'
import { normals } from './normals.ts'

/** Whether heads are apart or inside rows. */
export type TensorLayout = 'bhld' | 'blhd'

export interface Inputs extends CallSizes {
  /** Of the file, the call and the result. */
  readonly layout: TensorLayout
  /** Heads apart, as all tensors here. */
  readonly q: Float32Array
  readonly k: Float32Array
  readonly v: Float32Array
  readonly dim: number
  readonly valueDim: number
  /** Key rows of each batch item that count; absent: all. */
  readonly lengths?: Uint32Array
  /** Query rows of each batch item that count; absent: `lengths` where there are as many keys, else all. */
  readonly queryLengths?: Uint32Array
  /** [projections, dim], to use instead of the file's own. */
  readonly projection?: Tensor
  readonly weights: ReadonlyMap<string, Tensor>
  /** Tensors that the file declares, by name. */
  readonly declared: ReadonlyMap<string, Tensor>
  /** VH, where it is not KVH. */
  readonly valueHeads?: number
  /** Axes that q had, so that the result is given as many. */
  readonly rank: number
  /** What reading changed. */
  readonly notes: readonly string[]
}

export interface RandomOptions extends CallSizes {
  readonly layout?: TensorLayout
  readonly seed: number
  /** Standard deviation of every entry of q and k; v always has 1. */
  readonly deviation: number
}

export function randomInputs(options: RandomOptions, dim: number, valueDim: number): Inputs {
  const { batch, heads, kvHeads, length, keyLength, seed, deviation, layout = 'bhld' } = options
  requireRoom('q', [batch, heads, length, dim])
  requireRoom('k', [batch, kvHeads, keyLength, dim])
  requireRoom('v', [batch, kvHeads, keyLength, valueDim])
  return {
    layout,
    batch,
    heads,
    kvHeads,
    length,
    keyLength,
    dim,
    valueDim,
    q: normals(batch * heads * length * dim, seed, 0, deviation),
    k: normals(batch * kvHeads * keyLength * dim, seed, 1, deviation),
    v: normals(batch * kvHeads * keyLength * valueDim, seed, 2, 1),
    weights: new Map(),
    declared: new Map(),
    rank: 4,
    notes: moreHeads(heads, length),
  }
}

/** The nearest numbers that f16 holds, so that storage costs an attention its result's digits alone. */
export function roundedToHalves(inputs: Inputs): Inputs {
  const rounded = (name: 'q' | 'k' | 'v'): Float32Array => {
    const { halves, beyond } = narrow(inputs[name])
    if (beyond === undefined) return widen(halves)
    throw usage(
      `--storage f16: ${name} has an entry of ${beyond}; f16 holds at most ${LARGEST}`,
      'scale it down, or leave --storage out',
    )
  }
  return { ...inputs, q: rounded('q'), k: rounded('k'), v: rounded('v') }
}

/** 2 GiB of f32, beyond which a tensor is a slip of the keyboard. */
const mostEntries = 2 ** 29

function requireRoom(name: string, shape: readonly number[]): void {
  const entries = sizeOf(shape)
  if (entries > mostEntries)
    throw usage(
      `${name} of the shape ${shapeText(shape)} would have ${entries.toLocaleString('en')} entries; the most is ${mostEntries.toLocaleString('en')}`,
      'choose fewer rows, heads or batch items',
    )
}

const extras = ['lengths', 'queryLengths', 'projection', ...weightNames]
/** What a file may give to an attention. */
export const inputNames: readonly string[] = ['q', 'k', 'v', ...extras]

/** Holds the arrays against each other; what an attention makes of their widths is its own check. */
export function inputsFrom(path: string, loaded: Loaded, layout: TensorLayout = 'bhld'): Inputs {
  const { arrays } = loaded
  const [q, k, v] = (['q', 'k', 'v'] as const).map((name) => rowsOf(path, loaded, name, layout)) as [
    Rows,
    Rows,
    Rows,
  ]
  for (const [name, other] of Object.entries({ q, k, v })) {
    if (other.rank !== q.rank) {
      throw usage(`${path}: q has ${q.rank} axes and ${name} has ${other.rank}; expected equally many`)
    }
    if (other.batch !== q.batch) {
      throw usage(
        `${path}: q has ${q.batch} batch items and ${name} has ${other.batch}; expected equally many`,
      )
    }
  }
  if (k.dim !== q.dim)
    throw usage(`${path}: rows of q have ${q.dim} entries and rows of k ${k.dim}; expected equally many`)
  const most = Math.max(q.heads, k.heads, v.heads)
  if ((v.heads !== k.heads && most % v.heads !== 0) || v.length !== k.length) {
    throw usage(
      `${path}: k has ${counted(k.heads, 'head')} of ${counted(k.length, 'row')} and v has ${v.heads} of ${v.length}; expected one row of v for each row of k`,
    )
  }
  if (most % k.heads !== 0 || most % q.heads !== 0) {
    throw usage(`${path}: q has ${counted(q.heads, 'head')} and k ${k.heads}; expected a multiple`)
  }
  const lengths = lengthsOf(path, arrays, 'lengths', q.batch, k.length)
  const queryLengths = lengthsOf(path, arrays, 'queryLengths', q.batch, q.length)
  const projection = arrays.get('projection')
  return {
    layout,
    q: q.data,
    k: k.data,
    v: v.data,
    batch: q.batch,
    heads: q.heads,
    kvHeads: k.heads,
    length: q.length,
    keyLength: k.length,
    dim: q.dim,
    valueDim: v.dim,
    rank: q.rank,
    ...(lengths && { lengths }),
    ...(queryLengths && { queryLengths }),
    ...(projection === undefined ? {} : { projection }),
    weights: new Map([...arrays].filter(([name]) => weightNames.some((known) => known === name))),
    declared: arrays,
    ...(v.heads !== k.heads && { valueHeads: v.heads }),
    notes: [...notesOn(loaded), ...swapped(q, layout)],
  }
}

/** The result as the call's own layout has it, with as many axes as q had. */
export function outputOf(
  { batch, heads, length, rank, layout }: Inputs,
  valueDim: number,
  result: Float32Array,
): { readonly shape: number[]; readonly data: Float32Array } {
  if (layout === 'bhld') return { shape: [batch, heads, length, valueDim].slice(4 - rank), data: result }
  const shape = rank === 2 ? [length, valueDim] : [batch, length, heads, valueDim].slice(4 - rank)
  return { shape, data: turn(result, batch, heads, length) }
}

/** The same of tensors that are made up, which are as they were asked for. */
const moreHeads = (heads: number, length: number): string[] =>
  heads <= length
    ? []
    : [
        `${counted(heads, 'head')} of ${counted(length, 'row')}, by --heads and --length: more heads than rows`,
      ]

/** What is said where there are more heads than rows, as there seem to be where the two are taken for one another. */
function swapped({ heads, length }: Rows, layout: TensorLayout): string[] {
  if (heads <= length) return []
  const other = layout === 'bhld' ? 'blhd' : 'bhld'
  return [
    `q is read as ${counted(heads, 'head')} of ${counted(length, 'row')}; if it has ${counted(length, 'head')}, give --layout ${other}`,
  ]
}

interface Rows {
  readonly data: Float32Array
  readonly rank: number
  readonly batch: number
  readonly heads: number
  readonly length: number
  readonly dim: number
}

function rowsOf(path: string, { arrays, passedOver }: Loaded, name: string, layout: TensorLayout): Rows {
  const tensor = arrays.get(name)
  if (tensor === undefined) {
    const found = [...arrays.keys(), ...passedOver].sort()
    throw usage(
      `${path} has no array named ${name}`,
      found.length === 0 ? 'it holds no arrays at all' : `it holds ${found.slice(0, mostNamed).join(', ')}`,
    )
  }
  const { shape, data } = tensor
  if (tensor.integer) {
    throw usage(`${path}: ${name} holds integers (${tensor.element}); expected float32`)
  }
  if (shape.length < 2 || shape.length > 4 || data.length === 0) {
    throw usage(
      `${path}: ${name} has the shape ${shapeText(shape)}; expected ${expectedShapes[layout]}, none of them 0`,
    )
  }
  if (!data.every(Number.isFinite)) {
    throw usage(
      `${path}: ${name} has entries that are infinite or not a number, or become so in float32`,
      'the largest float32 is about 3.4e38; of infinities an attention is undefined',
    )
  }
  const rank = shape.length
  const [batch = 1, first = 1, second = 1, dim = 1] = [...Array<number>(4 - rank).fill(1), ...shape]
  if (layout === 'bhld' || rank === 2) return { data, rank, batch, heads: first, length: second, dim }
  return { data: turn(data, batch, first, second), rank, batch, heads: second, length: first, dim }
}

const expectedShapes: Readonly<Record<TensorLayout, string>> = {
  bhld: '[length, width], [heads, length, width] or [batch, heads, length, width]',
  blhd: '[length, width], [length, heads, width] or [batch, length, heads, width]',
}

function lengthsOf(
  path: string,
  arrays: ReadonlyMap<string, LoadedTensor>,
  name: string,
  batch: number,
  most: number,
): Uint32Array | undefined {
  const tensor = arrays.get(name)
  if (tensor === undefined) return undefined
  const right = tensor.data.every((value) => Number.isInteger(value) && value >= 0 && value <= most)
  if (tensor.data.length !== batch || !right) {
    throw usage(
      `${path}: ${name} must be one whole number per batch item (${batch}), each from 0 to ${most}; it is ${shapeText(tensor.shape)} with ${tensor.data.slice(0, 8).join(', ')}`,
    )
  }
  return Uint32Array.from(tensor.data)
}

/** A file may be a whole model. */
const mostNamed = 20

function notesOn({ arrays, passedOver }: Loaded): string[] {
  const conversions = [...arrays].flatMap(([name, { notes }]) => notes.map((note) => `${name} was ${note}`))
  if (passedOver.length === 0) return conversions
  const named = passedOver.toSorted().slice(0, mostNamed).join(', ')
  const more = passedOver.length - mostNamed
  return [...conversions, `not used: ${named}${more > 0 ? ` and ${more} more` : ''}`]
}
