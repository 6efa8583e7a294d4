/** Rows of the call behind a causal convolution, where the file has one. */
import { invariant } from '../../diagnostics/invariant.ts'
import { declaredTensors, filterNames } from '../../semantics/model.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import { applyNamed, variable } from '../../symbolic/build.ts'
import { scalarComponents } from '../../symbolic/components.ts'
import { simplify } from '../../symbolic/simplify.ts'
import type { CallRows, Filtered } from '../rows.ts'

/** The rows that everything else sees in the place of those of the call. */
export function filteredRows(model: AttentionModel, rows: CallRows): CallRows | Filtered {
  const { shortConv } = model
  if (shortConv === undefined) return rows
  const { width: taps, activation } = shortConv
  const data = declaredTensors(model)
  const names = filterNames(rows.of)
  const [weights, bias] = [names.weights, names.bias].map((name) => data.find((plan) => plan.name === name))
  invariant(weights !== undefined && bias !== undefined, 'a filter has its tensors')
  const sum = variable('sum')
  const value = activation === undefined ? sum : applyNamed(activation, [sum])
  return {
    kind: 'filter',
    name: `filter_${rows.of}`,
    result: `${rows.of}Filtered`,
    rows,
    along: rows.of === 'q' ? 'length' : 'keyLength',
    heads: 'heads',
    width: rows.width,
    taps,
    weights,
    bias,
    value: simplify(scalarComponents(value)),
  }
}
