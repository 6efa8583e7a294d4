// Compiles a spec, runs it on a device and beside it in float64.
import { build, understand } from '../../compiler/pipeline.ts'
import type { Built } from '../../compiler/pipeline.ts'
import type { Target } from '../../compiler/index.ts'
import { reference } from '../../compiler/reference/reference.ts'
import { asReference } from '../../compiler/verification/cases/weights.ts'
import { countOf } from '../../runtime/contract/tensors.ts'
import type { TensorPlan } from '../../runtime/contract/tensors.ts'
import { createAttention } from '../../runtime/index.ts'
import type { Attention } from '../../runtime/index.ts'

export interface Sizes {
  readonly batch?: number
  readonly heads?: number
  readonly kvHeads?: number
  readonly length: number
  readonly keyLength?: number
  readonly lengths?: readonly number[]
  /** Heads are inside rows. */
  readonly inside?: true
}

export interface Tensors {
  readonly q: Float32Array<ArrayBuffer>
  readonly k: Float32Array<ArrayBuffer>
  readonly v: Float32Array<ArrayBuffer>
  /** Declared inputs by name, of attentions that have some. */
  readonly inputs?: Readonly<Record<string, Float32Array<ArrayBuffer>>>
}

/** An attention of a text, the first where none is named, through every stage. */
export function compileFor(target: Target, text: string, name?: string): Built {
  const source = { file: 'test.attn', text }
  const { tree, checked, diagnostics } = understand(source)
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Error(errors.map(({ code, message }) => `${code} ${message}`).join('\n'))
  const model =
    name === undefined ? checked.attentions[0] : checked.attentions.find((one) => one.name === name)
  if (model === undefined) throw new Error('the text has no attention')
  const built = build(model, tree, target)
  if ('unsupported' in built) throw new Error(`not compiled: ${built.unsupported}`)
  return built
}

/** The same for WebGPU. */
export const compileOne = (text: string, name?: string): Built => compileFor('webgpu', text, name)

/** Normal numbers from a seed, times `deviation`; quick and good enough for inputs. */
export function normals(count: number, seed: number, deviation = 1): Float32Array<ArrayBuffer> {
  let state = (seed * 2654435769 + 1) >>> 0
  const uniform = (): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0
    const mixed = Math.imul(state ^ (state >>> 12), 0x297a2d39) >>> 0
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
  return Float32Array.from(
    { length: count },
    () => deviation * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  )
}

export const full = (sizes: Sizes): Required<Omit<Sizes, 'lengths' | 'inside'>> => {
  const { batch = 1, heads = 1, kvHeads = heads, length, keyLength = length } = sizes
  return { batch, heads, kvHeads, length, keyLength }
}

export function tensors({ model }: Pick<Built, 'model'>, sizes: Sizes, seed: number, deviation = 1): Tensors {
  const { batch, heads, kvHeads, length, keyLength } = full(sizes)
  return {
    q: normals(batch * heads * length * model.dim, seed, deviation),
    k: normals(batch * kvHeads * keyLength * model.dim, seed + 1, deviation),
    v: normals(batch * kvHeads * keyLength * model.valueDim, seed + 2),
    ...(model.inputs && { inputs: inputsOf(model.inputs, full(sizes), seed + 3) }),
  }
}

/** Normal numbers, or integers in runs of five rows. */
const inputsOf = (
  plans: readonly TensorPlan[],
  sizes: Required<Omit<Sizes, 'lengths' | 'inside'>>,
  seed: number,
): NonNullable<Tensors['inputs']> =>
  Object.fromEntries(
    plans.map((plan, index) => {
      const numbers = normals(countOf(plan, sizes), seed + index)
      const rows = sizes[plan.rows ?? 'keyLength']
      const runs = numbers.map((_, place) => Math.floor((place % rows) / 5))
      return [plan.name, plan.element === 'integer' ? runs : numbers]
    }),
  )

/** Run-time weights by name. */
export type Weights = Readonly<Record<string, Float32Array<ArrayBuffer>>>

/** Normal run-time weights for the heads of some calls, and for the longest of them. */
export function weightsFor({ program }: Built, ...calls: readonly Sizes[]): Weights {
  const sizes = calls.map(full)
  const rows = Math.max(...sizes.map(({ keyLength }) => keyLength))
  const heads = Math.max(...sizes.map((one) => one.heads))
  const own = program.weights.map(
    ({ name, perHead, perKeyRow }, index) =>
      [name, normals(heads * perHead * (perKeyRow === true ? rows : 1), 71 + index, 0.3)] as const,
  )
  const [first] = sizes
  const declared = (program.tensors ?? []).filter(({ role }) => role === 'weight')
  return Object.fromEntries([
    ...own,
    ...declared.flatMap((plan, index) =>
      first === undefined ? [] : [[plan.name, normals(countOf(plan, first), 81 + index, 0.3)] as const],
    ),
  ])
}

export function expected(
  built: Pick<Built, 'model'>,
  sizes: Sizes,
  inputs: Tensors,
  projection?: Float32Array,
  weights: Weights = {},
): Float64Array {
  return reference(built.model, {
    ...inputs,
    ...full(sizes),
    ...(sizes.lengths === undefined ? {} : { lengths: sizes.lengths }),
    ...(projection === undefined ? {} : { projection }),
    ...asReference(built.model, weights),
  })
}

export async function onDevice(
  built: Built,
  device: GPUDevice,
  projection?: Float32Array<ArrayBuffer>,
  weights: Weights = {},
): Promise<Attention> {
  return createAttention(built.program, {
    device,
    weights,
    ...(projection === undefined ? {} : { projection }),
  })
}

export async function forward(attention: Attention, sizes: Sizes, inputs: Tensors): Promise<Float32Array> {
  const { lengths } = sizes
  const out = await attention.forward({
    ...inputs,
    ...full(sizes),
    ...(lengths === undefined ? {} : { lengths: Uint32Array.from(lengths) }),
  })
  if (!(out instanceof Float32Array)) throw new Error('typed arrays in, a typed array out')
  return out
}

/** ‖found − expected‖ / ‖expected‖; infinite where anything found is not finite. */
export function relativeError(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (found.length !== wanted.length) return Infinity
  let error = 0
  let norm = 0
  for (let n = 0; n < wanted.length; n++) {
    const [a, b] = [found[n] as number, wanted[n] as number]
    if (!Number.isFinite(a)) return Infinity
    error += (a - b) ** 2
    norm += b * b
  }
  return norm === 0 ? Math.sqrt(error) : Math.sqrt(error / norm)
}
