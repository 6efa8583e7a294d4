/**
 * The truth of gradients: for cotangents `dout` of the output, the derivatives of
 *
 *     ℒ = Σ out·dout
 *
 * by reverse mode over the form that the reference interprets, pair by pair. It shares nothing with the gradients
 * that are compiled but the derivatives in the records of operators.
 *
 * Every output row counts, also that of a query row past its item's `queryLengths`: it is a function of its query
 * row and of the keys like any other, so that its cotangent reaches them. Key and value rows past `lengths` enter
 * nothing and get zeros. Masks, decays, the order of buckets and the maxima of `stabilize: max` are constants.
 */
import type { AttentionModel } from '../../semantics/model.ts'
import { drawnLaw, weightsOf } from '../../semantics/model.ts'
import { drawnAs } from '../../../runtime/contract/projections.ts'
import type { WeightName } from '../../../runtime/contract/weights.ts'
import { checkInputs, expectShape, rowsOf } from '../inputs.ts'
import { headOutput } from './head.ts'
import { HeadTensors } from './head-tensors.ts'
import type { TensorName } from './head-tensors.ts'
import type { GradientInputs } from './inputs.ts'
import { Tape } from './tape.ts'

export type { GradientInputs } from './inputs.ts'

/** In the shapes of the tensors that they belong to. */
export interface ReferenceGradients {
  readonly dq: Float64Array
  /** Zeros where the rows of q are the keys. */
  readonly dk: Float64Array
  readonly dv: Float64Array
  /** Of each weight that was given; that of one which stands in for another counts both uses. */
  readonly dweights?: Readonly<Partial<Record<WeightName, Float64Array>>>
  /** [M, D] By the matrix in use, whichever law it was drawn from. */
  readonly dprojection?: Float64Array
}

/**
 * The gradients of ℒ = Σ out·dout, in float64.
 * @throws RangeError where a tensor does not have its shape, or the gradient asked for has none.
 */
export function referenceGradients(model: AttentionModel, inputs: GradientInputs): ReferenceGradients {
  checkInputs(model, inputs)
  const { batch, heads, length, dout, wrt = [] } = inputs
  expectShape('dout', dout, [batch, heads, length, model.valueDim])
  checkNames(wrt)
  if (wrt.includes('projection')) checkProjection(model, inputs)
  const gathered = new Map<TensorName, Float64Array>()
  for (let item = 0; item < batch; item++)
    for (let head = 0; head < heads; head++) pullHead(model, inputs, { item, head }, gathered)
  const of = (name: TensorName, entries: number): Float64Array =>
    gathered.get(name) ?? new Float64Array(entries)
  const law = drawnLaw(model)
  const weights = weightsOf(model).flatMap(({ name }) => {
    const { length: entries } = inputs[name] ?? []
    return inputs[name] === undefined || entries === undefined ? [] : [[name, of(name, entries)] as const]
  })
  return {
    dq: of('q', inputs.q.length),
    dk: of('k', inputs.k.length),
    dv: of('v', inputs.v.length),
    ...(wrt.includes('weights') && { dweights: Object.fromEntries(weights) }),
    ...(wrt.includes('projection') && law && { dprojection: of('projection', law.rows * law.dim) }),
  }
}

function checkNames(wrt: readonly string[]): void {
  const other = wrt.find((name) => name !== 'weights' && name !== 'projection')
  if (other === undefined) return
  throw new RangeError(
    `wrt: expected 'weights' or 'projection', found '${other}', by which the reference takes no gradient. Leave it out`,
  )
}

function checkProjection(model: AttentionModel, { projection }: GradientInputs): void {
  const law = drawnLaw(model)
  if (law === undefined)
    throw new RangeError(
      `wrt: expected 'projection' only where there is one; ${model.name} has none. Leave it out`,
    )
  if (projection === undefined && drawnAs(law) === 'hadamard')
    throw new RangeError(
      `wrt: expected the projection of ${model.name} as a matrix; it is drawn as signs, of which there is no gradient. Give it as \`projection\``,
    )
}

/** Adds what the output of one head gives to `gathered`. */
function pullHead(
  model: AttentionModel,
  inputs: GradientInputs,
  { item, head }: { readonly item: number; readonly head: number },
  gathered: Map<TensorName, Float64Array>,
): void {
  const tape = new Tape()
  const leaves = new HeadTensors(tape, model, inputs, { item, head })
  const out = headOutput(tape, model, leaves)
  if (out === undefined) return
  const { length, heads, dout } = inputs
  tape.pull(out, rowsOf(dout, item * heads + head, length, model.valueDim))
  leaves.gather(gathered)
}
