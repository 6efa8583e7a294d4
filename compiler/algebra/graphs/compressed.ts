/** Keys and values pooled into a few rows by given weights (Wang et al., 2020), and attention to these. */
import type { RowOperation } from '../rows.ts'
import { given, written } from './graph.ts'
import type { Graph } from './graph.ts'

/** Two products, and queries attending to their rows. */
export const compressed: Graph = (_, inputs, kernel) => {
  const { q, k, v } = inputs
  const keys: RowOperation = {
    kind: 'product',
    name: 'pool_keys',
    result: 'pooledKeys',
    left: given(inputs, 'compressKeys'),
    right: k,
  }
  const values: RowOperation = {
    kind: 'product',
    name: 'pool_values',
    result: 'pooledValues',
    left: given(inputs, 'compressValues'),
    right: v,
  }
  return [
    keys,
    values,
    {
      kind: 'attend',
      name: 'attend_pooled',
      result: 'out',
      kernel: written(kernel),
      queries: q,
      keys,
      values,
    },
  ]
}
