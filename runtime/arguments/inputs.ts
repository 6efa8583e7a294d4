/** The tensors that a file declares as inputs, as a call brings them; loaded where an attention has declared tensors. */
import type { WideTensor } from '../attention.ts'
import { countOf, declaredBuffer, describeAxes } from '../contract/tensors.ts'
import type { TensorPlan } from '../contract/tensors.ts'
import type { Program } from '../program.ts'
import { describe, isBuffer, isFloat32Array, refuseUnknown, requireObject, tag } from './describe.ts'
import type { CallSizes } from './sizes.ts'
import { requireStorage } from './tensors.ts'

/** The tensors of `inputs` by name, each of the size that the call says. */
export function checkInputs(
  where: string,
  { tensors = [], sameRows }: Pick<Program, 'tensors' | 'sameRows'>,
  inputs: unknown = {},
  sizes: CallSizes,
): ReadonlyMap<TensorPlan, WideTensor> {
  const plans = tensors.filter(({ role }) => role === 'input')
  const names = plans.map(({ name }) => name)
  requireObject(`${where}: inputs`, inputs, `{ ${names.join(', ')} }`)
  refuseUnknown(`${where}: inputs`, inputs, names)
  if (sameRows && sizes.length !== sizes.keyLength)
    throw new RangeError(
      `${where}: rows of queries see inputs of keys, so keyLength must be length; they are ${sizes.keyLength} and ${sizes.length}.`,
    )
  return new Map(plans.map((plan) => [plan, checkInput(where, plan, inputs[plan.name], sizes)]))
}

function checkInput(where: string, plan: TensorPlan, tensor: unknown, sizes: CallSizes): WideTensor {
  const integers = plan.element === 'integer'
  const called = `${where}: inputs.${plan.name}`
  const need = countOf(plan, sizes)
  if (isBuffer(tensor)) {
    requireStorage(where, `inputs.${plan.name}`, tensor)
    if (tensor.size >= need * 4) return tensor
    throw new RangeError(
      `${called} needs ${need * 4} bytes, 4 × ${describeAxes(plan, sizes)}; the buffer has ${tensor.size}.`,
    )
  }
  const right = isFloat32Array(tensor) || (integers && isIntegers(tensor))
  if (!right) {
    const kinds = integers ? 'a Float32Array, an Int32Array or a Uint32Array' : 'a Float32Array'
    throw new TypeError(`${called} must be ${kinds}; it is ${describe(tensor)}.`)
  }
  if (tensor.length !== need)
    throw new RangeError(
      `${called} needs ${need} numbers, ${describeAxes(plan, sizes)}; it has ${tensor.length}.`,
    )
  const odd = integers
    ? tensor.find((value) => !Number.isInteger(value) || Math.abs(value) > 2 ** 24)
    : undefined
  if (odd !== undefined) throw new RangeError(`${called} must hold integers of at most 2²⁴; it holds ${odd}.`)
  return Float32Array.from(tensor)
}

const isIntegers = (value: unknown): value is Int32Array | Uint32Array =>
  ArrayBuffer.isView(value) && ['Int32Array', 'Uint32Array'].includes(tag(value))

/** Adds the inputs of a call to its tensors, by the names of buffers: arrays, or buffers of a device that q is on, too. */
export function takeInputs(
  where: string,
  program: Pick<Program, 'tensors' | 'sameRows'>,
  { inputs }: { readonly inputs?: unknown },
  sizes: CallSizes,
  tensors: Map<string, WideTensor>,
): void {
  const onHost = !isBuffer(tensors.get('q'))
  for (const [plan, tensor] of checkInputs(where, program, inputs, sizes)) {
    if (onHost && isBuffer(tensor))
      throw new TypeError(`${where}: inputs.${plan.name} is a GPUBuffer and q is none; give both alike.`)
    if (where.includes('.encode') && !isBuffer(tensor))
      throw new TypeError(`${where}: inputs.${plan.name} must be a GPUBuffer; it is ${describe(tensor)}.`)
    tensors.set(declaredBuffer(plan), tensor)
  }
}
