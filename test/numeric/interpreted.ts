// A compiled attention's forward pass on the interpreter of kernels: f32 after each operation, races found.
import { interpret } from '../../compiler/kernel/interpret.ts'
import type { InterpretOptions } from '../../compiler/kernel/interpret.ts'
import type { Built } from '../../compiler/pipeline.ts'
import { declaredBuffer, declaredName } from '../../runtime/contract/tensors.ts'
import { queryRowsOf } from '../../runtime/contract/query-lengths.ts'
import { drawProjection, hadamardFactors, hadamardTable } from '../../runtime/projection/index.ts'
import { programFor } from '../../runtime/backends/webgpu/projection-kind.ts'
import { sliceCall } from '../../runtime/backends/webgpu/slices.ts'
import { full } from './harness.ts'
import type { Sizes, Tensors, Weights } from './harness.ts'

/** The device that a call is cut for: with less room, in more slices. */
const deviceOf = (bytes: number): GPUDevice =>
  ({ limits: { maxStorageBufferBindingSize: bytes, maxBufferSize: bytes } }) as GPUDevice

const isOptional = ({ tensors = [] }: Built['program'], buffer: string): boolean =>
  tensors.some((plan) => plan.optional === true && declaredBuffer(plan) === buffer)

export interface Interpreted {
  readonly out: Float32Array
  readonly slices: number
}

/**
 * @param bytes the most that a buffer may have
 * @param given a projection instead of the file's own
 */
export function interpreted(
  { program, kernels }: Pick<Built, 'program' | 'kernels'>,
  sizes: Sizes,
  { q, k, v, inputs = {} }: Tensors,
  weights: Weights = {},
  bytes = 2 ** 30,
  given?: Float32Array,
  options: InterpretOptions = {},
): Interpreted {
  const { forward: form } = programFor(program, given === undefined ? 'drawn' : 'given').forms
  const projection = given ?? (program.projection && drawProjection(program.projection))
  const factors = program.projection && hadamardFactors(program.projection)
  const all = full(sizes)
  const slices = sliceCall(deviceOf(bytes), 'the interpreter', form, {
    ...all,
    offset: 0,
    capacity: all.keyLength,
    inside: sizes.inside,
  })
  const each = (count: (item: number) => number) =>
    Uint32Array.from({ length: all.batch }, (_, item) => count(item))
  const tensors: Readonly<Record<string, Float32Array | Uint32Array>> = {
    q,
    k,
    v,
    lengths: each((item) => sizes.lengths?.[item] ?? all.keyLength),
    queryLengths: each((item) => queryRowsOf({ ...all, lengths: sizes.lengths }, item)),
  }
  const ofWeight = (name: string): Float32Array | undefined =>
    weights[name] ??
    weights[program.weights.find((plan) => plan.name === name)?.otherwise ?? ''] ??
    weights[declaredName(name)] ??
    // As `create` has it where a call does without a weight.
    (isOptional(program, name) ? new Float32Array(1) : undefined)
  const [first] = slices
  const buffers = Object.fromEntries(
    form.buffers.map(({ name, role, element, size, value }) => {
      const known =
        role === 'weight'
          ? ofWeight(name)
          : role === 'projection'
            ? projection
            : role === 'factors'
              ? factors && hadamardTable(factors)
              : role === 'heads'
                ? Float32Array.from({ length: all.heads }, (_, head) => value?.(head) ?? Number.NaN)
                : role === 'data'
                  ? inputs[declaredName(name)]
                  : tensors[name]
      // What is read before it is written shows.
      const count = first === undefined ? 0 : size(first)
      const unwritten =
        element === 'u32'
          ? new Uint32Array(count).fill(0xffff_ffff)
          : new Float32Array(count).fill(Number.NaN)
      return [name, known ?? unwritten]
    }),
  )
  for (const shape of slices)
    for (const { kernel, buffers: bound } of form.dispatches) {
      const found = kernels.find(({ name }) => name === kernel)
      if (found === undefined) throw new Error(`there is no kernel ${kernel}`)
      const named = found.bindings.map(
        ({ name }, index) => [name, buffers[bound[index] ?? ''] ?? new Float32Array(0)] as const,
      )
      interpret(found, Object.fromEntries(named), shape, options)
    }
  return { out: buffers['out'] as Float32Array, slices: slices.length }
}
