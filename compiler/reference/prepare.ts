/**
 * Causal depthwise convolution of rows, as layers prepare q, k and v (Dao and Gu, 2024; Yang et al., 2024):
 *
 *     y_t = f(Σ_s w_s ∘ x_(t − width + 1 + s) + b),  zeros before the first row.
 */
import { apply, variable } from '../symbolic/build.ts'
import type { AttentionModel } from '../semantics/model.ts'
import { headFor, headsOf } from '../../runtime/contract/tensors.ts'
import { toNumber } from '../symbolic/extended.ts'
import { scalarOperator } from '../symbolic/operators.ts'
import type { OperatorName } from '../symbolic/operators.ts'
import { Evaluator } from './evaluate.ts'
import { countsOf } from './inputs.ts'
import type { ReferenceInputs } from './inputs.ts'
import { Vector } from './vector.ts'

/** Rows of one of q, k and v of output head `head`, times a factor; no convolution where the attention has no `short_conv`. */
export function prepared(
  { shortConv }: AttentionModel,
  inputs: ReferenceInputs,
  of: 'q' | 'k' | 'v',
  head: number,
  rows: readonly Vector[],
  factor = 1,
): readonly Vector[] {
  if (shortConv === undefined && factor === 1) return rows
  if (shortConv === undefined)
    return rows.map(({ mantissa }) => Vector.ofNumbers(mantissa.map((x) => x * factor)))
  const { width, activation } = shortConv
  const counts = countsOf(inputs)
  const count = headsOf(owners[of], counts)
  const own = headFor(head, count, counts)
  const size = rows[0]?.size ?? 0
  const filter = inputs.weights?.[`short_conv_${of}`] ?? new Float64Array(0)
  const bias = inputs.weights?.[`short_conv_${of}_bias`]
  const f = functionOf(activation)
  return rows.map((_, t) =>
    Vector.ofNumbers(
      Float64Array.from({ length: size }, (_, c) => {
        let sum = bias?.[own * size + c] ?? 0
        for (let s = 0; s < width; s++) {
          const x = rows[t - width + 1 + s]?.mantissa[c] ?? 0
          sum += (filter[(own * size + c) * width + s] ?? 0) * x
        }
        return factor * f(sum)
      }),
    ),
  )
}

const owners = { q: 'heads', k: 'kvHeads', v: 'valueHeads' } as const

function functionOf(name: string | undefined): (x: number) => number {
  if (name === undefined || scalarOperator(name) === undefined) return (x) => x
  const evaluator = new Evaluator(apply(name as OperatorName, variable('x')))
  return (x) => toNumber(evaluator.set('x', x).scalar())
}
