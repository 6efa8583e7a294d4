/** Projection and weights as `create` is given them; loaded where there are some. */
import type { CreateOptions } from '../attention.ts'
import { AttentionError } from '../errors.ts'
import { declaredBuffer } from '../contract/tensors.ts'
import type { TensorPlan } from '../contract/tensors.ts'
import type { Program, WeightPlan } from '../program.ts'
import type { Opening } from '../projection/lazy.ts'
import { describe, isFloat32Array, refuseUnknown } from './describe.ts'
import { takeInputs } from './inputs.ts'
import { checkWeightSizes, declaredWeights } from './weight-sizes.ts'

export function checkOwnTensors(program: Program, { projection, weights = {} }: CreateOptions): void {
  const where = `create of ${program.name}`
  if (typeof weights !== 'object' || weights === null)
    throw new TypeError(
      `${where}: weights must be an object of Float32Array by name; it is ${describe(weights)}.`,
    )
  checkProjection(where, program, projection)
  checkWeights(where, program, weights)
}

function checkProjection(where: string, { projection: law }: Program, projection: unknown): void {
  if (projection === undefined) return
  if (law === undefined)
    throw new TypeError(`${where}: its features are not projected; leave out projection.`)
  if (!isFloat32Array(projection)) {
    throw new TypeError(`${where}: projection must be a Float32Array; it is ${describe(projection)}.`)
  }
  if (projection.length !== law.rows * law.dim) {
    throw new RangeError(
      `${where}: projection needs ${law.rows * law.dim} numbers, projections ${law.rows} × dim ${law.dim}; it has ${projection.length}.`,
    )
  }
  requireFinite(`${where}: projection`, projection)
}

function checkWeights(where: string, program: Program, weights: Readonly<Record<string, unknown>>): void {
  const plans = program.weights
  const declared = declaredWeights(program)
  refuseUnknown(
    `${where}: weights`,
    weights,
    [...plans, ...declared].map(({ name }) => name),
  )
  for (const plan of declared) checkDeclared(where, plan, weights[plan.name])
  for (const plan of plans) {
    const { name, perHead, otherwise } = plan
    const weight = weights[name]
    if (weight === undefined) {
      if (otherwise !== undefined) continue
      throw new AttentionError(
        'weights',
        `${where} needs weights: { ${name} }, a Float32Array of ${numbersOf(plan)}.`,
      )
    }
    if (!isFloat32Array(weight)) {
      throw new TypeError(`${where}: weights.${name} must be a Float32Array; it is ${describe(weight)}.`)
    }
    if (weight.length === 0 || weight.length % perHead !== 0) {
      throw new RangeError(`${where}: weights.${name} needs ${numbersOf(plan)}; it has ${weight.length}.`)
    }
    requireFinite(`${where}: weights.${name}`, weight)
  }
}

/** A weight of the file's own; how many heads it has is the calls' to say. */
function checkDeclared(where: string, plan: TensorPlan, weight: unknown): void {
  const { name, shape, heads, optional } = plan
  const each = shape.reduce((product, size) => product * size, 1)
  const need = `${each} numbers${heads === 'shared' ? '' : ' per head'}`
  if (weight === undefined) {
    if (optional === true) return
    throw new TypeError(`${where} needs weights: { ${name} }, a Float32Array of ${need}.`)
  }
  if (!isFloat32Array(weight))
    throw new TypeError(`${where}: weights.${name} must be a Float32Array; it is ${describe(weight)}.`)
  const right = heads === 'shared' ? weight.length === each : weight.length > 0 && weight.length % each === 0
  if (!right) throw new RangeError(`${where}: weights.${name} needs ${need}; it has ${weight.length}.`)
  requireFinite(`${where}: weights.${name}`, weight)
}

function requireFinite(what: string, tensor: Float32Array): void {
  const odd = tensor.findIndex((entry) => !Number.isFinite(entry))
  if (odd >= 0)
    throw new RangeError(`${what} holds ${tensor[odd]} at index ${odd}; expected finite numbers alone.`)
}

const numbersOf = ({ perHead, perKeyRow }: WeightPlan): string =>
  `${perHead} numbers per head${perKeyRow === true ? ' for each key row of the longest call' : ''}`

/** What an attention with tensors of its own is opened with, once these are checked. */
export function ownTensors(
  program: Program,
  options: CreateOptions,
): Pick<Opening, 'checkWeights' | 'takeInputs' | 'constants'> {
  checkOwnTensors(program, options)
  return {
    checkWeights: checkWeightSizes,
    takeInputs: program.tensors && takeInputs,
    constants: constantsOf(program, options.weights),
  }
}

/** What is written into buffers once for all calls: weights, or those that stand in for them, and declared ones. */
const constantsOf = (
  program: Program,
  weights: Readonly<Record<string, Float32Array>> = {},
): readonly (readonly [string, Float32Array])[] =>
  [
    ...program.weights.map(({ name, otherwise }) => [
      name,
      weights[name] ?? (otherwise && weights[otherwise]),
    ]),
    ...declaredWeights(program).map((plan) => [
      declaredBuffer(plan),
      // Kernels tell by its size that a weight is not given.
      weights[plan.name] ?? (plan.optional && new Float32Array(1)),
    ]),
  ].filter((entry): entry is [string, Float32Array] => entry[1] !== undefined)
