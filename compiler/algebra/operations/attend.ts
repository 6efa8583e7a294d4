/** Attention of rows to rows, pair by pair. */
import type { Expression } from '../../symbolic/expression.ts'
import { mentions } from '../../symbolic/traverse.ts'
import { environmentOf, evaluateScalar } from '../../symbolic/evaluate.ts'
import type { Attention } from '../attention.ts'
import { quotient } from '../division.ts'
import { valueIn } from '../interpret/data.ts'
import { visibility } from '../interpret/pairs.ts'
import { print } from '../../symbolic/print.ts'
import { outputHeads } from '../../../runtime/contract/tensors.ts'
import { printTerm } from '../print-terms.ts'
import type { Attend } from '../rows.ts'
import type { Matrix, OperationRecord } from './record.ts'

/** The record of `attend`. */
export const attend: OperationRecord<Attend> = {
  operands: ({ queries, keys, values }) => [queries, keys, ...(values === undefined ? [] : [values])],
  shape: ({ queries, keys, values }, of) => ({
    count: of(queries).count,
    width: values === undefined ? of(keys).count : of(values).width,
  }),
  evaluate({ kernel, beside, queries, keys, values }, { attention, rows, call, head }) {
    const k = rows(keys)
    const v = values === undefined ? identity(k.length) : rows(values)
    const namedIn = (expression: Expression): Readonly<Record<string, number | Float64Array>> => {
      const tables = attention.data.filter(({ name }) => mentions(expression, name))
      return Object.fromEntries(tables.map((plan) => [plan.name, valueIn(plan, call, head, 0)]))
    }
    const named = namedIn(kernel.value)
    const around = { head: head.index, heads: outputHeads(call) }
    const apart = beside && evaluateScalar(beside, environmentOf({ ...around, ...namedIn(beside) }))
    return attendPairs(attention, kernel, { q: rows(queries), k, v }, named, apart)
  },
  terms: ({ kernel }) => [kernel],
  prefixStable: ({ queries, keys }) =>
    queries.kind === 'given' && keys.kind === 'call'
      ? 'its given rows stand for the whole sequence'
      : undefined,
  weights: () => 'κ(q_i, k_j)',
  formula: ({ queries, keys, values }, name) =>
    values === undefined
      ? `weights of ${name(queries)} for ${name(keys)}`
      : `attend(${[queries, keys, values].map(name).join(', ')})`,
  details: ({ kernel, beside }) => [
    ...printTerm('kernel', kernel),
    ...(beside ? [`  beside the keys exp(${print(beside)})`] : []),
  ],
}

/** Each query row through all keys that it sees, over the largest exponent among them. */
function attendPairs(
  { division, mask, valueDim }: Attention,
  kernel: Attend['kernel'],
  { q, k, v }: { readonly q: Matrix; readonly k: Matrix; readonly v: Matrix },
  tables: Readonly<Record<string, number | Float64Array>>,
  beside: number | undefined,
): Matrix {
  const sees = visibility(mask, k.length)
  return q.map((row, i) => {
    const terms = k.flatMap((other, j) => {
      if (!sees(i, j)) return []
      const environment = environmentOf({ q: row, k: other, ...tables })
      const exponent = kernel.exponent === undefined ? 0 : evaluateScalar(kernel.exponent, environment)
      return [
        {
          coefficient: evaluateScalar(kernel.coefficient, environment),
          exponent,
          value: v[j] ?? new Float64Array(0),
        },
      ]
    })
    const scale = terms.reduce((top, { exponent }) => Math.max(top, exponent), -Infinity)
    const numerator = new Float64Array(v[0]?.length ?? valueDim)
    let denominator = 0
    for (const { coefficient, exponent, value } of terms) {
      const weight = coefficient * Math.exp(exponent - scale)
      denominator += weight
      value.forEach((entry, column) => {
        numerator[column] = (numerator[column] ?? 0) + weight * entry
      })
    }
    return quotient(division, { scale, numerator, denominator }, beside)
  })
}

const identity = (size: number): Matrix =>
  Array.from({ length: size }, (_, n) => Float64Array.from({ length: size }, (__, column) => +(n === column)))
