/** What the graph of an attention is made of. */
import { invariant } from '../../diagnostics/invariant.ts'
import type { WeightName } from '../../../runtime/contract/weights.ts'
import type { AttentionModel, WeightModel } from '../../semantics/model.ts'
import { scalarComponents } from '../../symbolic/components.ts'
import { simplify } from '../../symbolic/simplify.ts'
import type { Attend, CallRows, GivenRows, RowOperation } from '../rows.ts'
import type { ScaledTerm } from '../terms.ts'

/** The rows that a call brings. */
export interface Inputs {
  readonly q: CallRows
  readonly k: CallRows
  readonly v: CallRows
  readonly weights: readonly WeightModel[]
}

/** The steps of an attention. The kernel is absent where the file names none. */
export type Graph = (
  model: AttentionModel,
  inputs: Inputs,
  kernel: ScaledTerm | undefined,
) => readonly RowOperation[]

/** A tensor that the caller gives, as rows of each query head. */
export function given({ weights }: Inputs, name: WeightName): GivenRows {
  const weight = weights.find((one) => one.name === name)
  invariant(weight !== undefined, `the attention is given ${name}`)
  const [first = 1, second] = weight.shape
  const [count, width] = second === undefined ? [1, first] : [first, second]
  invariant(count !== 'keyRows', 'a weight has a fixed number of rows')
  return { kind: 'given', weight: name, count, width, like: weight.like }
}

/** The same where a file names a weight beside those of keys. */
export const attendBeside = (
  { sink, normalize }: AttentionModel,
  inputs: Inputs,
  kernel: ScaledTerm | undefined,
): Attend => ({
  ...attendCall(inputs, kernel, 'attend'),
  ...(sink && normalize === 'sum' && { beside: simplify(scalarComponents(sink)) }),
})

/** Queries of the call to all its keys, pair by pair. */
export const attendCall = ({ q, k, v }: Inputs, kernel: ScaledTerm | undefined, name: string): Attend => ({
  kind: 'attend',
  name,
  result: 'out',
  kernel: written(kernel),
  queries: q,
  keys: k,
  values: v,
})

/** A kernel that the checked spec has in any case. */
export function written(kernel: ScaledTerm | undefined): ScaledTerm {
  invariant(kernel !== undefined, 'an attention has a kernel or a feature')
  return kernel
}
