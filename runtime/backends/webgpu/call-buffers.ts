/** Which buffer stands behind each name of a form, call by call. */
import { isFloat32Array } from '../../arguments/describe.ts'
import { present } from '../../arguments/form.ts'
import type { CountName } from '../../arguments/lengths.ts'
import type { WideTensor } from '../../attention.ts'
import type { BufferPlan, Form } from '../../program.ts'
import type { Shape } from '../../contract/shape.ts'
import { KEPT_STORAGE, upload } from './buffers.ts'
import type { Buffers } from './buffers.ts'
import type { ShapeBuffers } from './shape-buffers.ts'

export type NamedBuffers = ReadonlyMap<string, GPUBuffer>

export interface Given {
  /** True where arrays come and arrays are to be returned. */
  readonly onHost: boolean
  /** Inputs, states, and outputs that the caller provides, by name. */
  readonly tensors: ReadonlyMap<string, WideTensor>
  readonly lengths: ShapeBuffers['lengths']
  /** `projection` or its `factors`, and weights by name. */
  readonly constants: NamedBuffers
}

/** Arrays are uploaded; what the caller does not give is kept, but for outputs that become the caller's. */
export function callBuffers(
  device: GPUDevice,
  kept: Buffers,
  form: Form,
  slices: readonly Shape[],
  given: Given,
): NamedBuffers {
  // What is kept for gradients is there already, for each slice.
  const plans = form.buffers.filter((plan) => !plan.kept)
  return new Map(plans.map((plan) => [plan.name, bufferFor(device, kept, plan, slices, given)]))
}

export const bufferOf = (buffers: NamedBuffers, name: string): GPUBuffer =>
  present(buffers.get(name), `buffer ${name}`)

/** Of the largest slice. */
export const bytesOf = (plan: BufferPlan, slices: readonly Shape[]): number => {
  const [first] = slices
  return first === undefined ? 0 : plan.size(first) * 4
}

function bufferFor(
  device: GPUDevice,
  kept: Buffers,
  plan: BufferPlan,
  slices: readonly Shape[],
  given: Given,
): GPUBuffer {
  const { name, role } = plan
  const bytes = bytesOf(plan, slices)
  switch (role) {
    case 'lengths':
      return given.lengths(plan.name as CountName)
    case 'projection':
    case 'factors':
      return bufferOf(given.constants, role)
    case 'weight':
      return bufferOf(given.constants, name)
    case 'heads': {
      const { value } = plan
      const buffer = kept.get(name, bytes, KEPT_STORAGE)
      if (value !== undefined)
        upload(
          device,
          buffer,
          Float32Array.from({ length: bytes / 4 }, (_, head) => value(head)),
        )
      return buffer
    }
    case 'scratch':
      return kept.get(name, bytes, KEPT_STORAGE)
    case 'input':
    case 'data':
    case 'state':
    case 'output': {
      const tensor = given.tensors.get(name)
      if (tensor !== undefined && !isFloat32Array(tensor)) return tensor
      if (role === 'output' && !given.onHost) return kept.create(name, bytes, KEPT_STORAGE)
      const buffer = kept.get(name, bytes, KEPT_STORAGE)
      if (tensor !== undefined) upload(device, buffer, tensor)
      return buffer
    }
  }
}
