/** Rows made of single rows. */
import { environmentOf, evaluateScalar } from '../../symbolic/evaluate.ts'
import { print } from '../../symbolic/print.ts'
import { mentions } from '../../symbolic/traverse.ts'
import { outputHeads } from '../../../runtime/contract/tensors.ts'
import { valueIn } from '../interpret/data.ts'
import type { Mapped } from '../rows.ts'
import type { Matrix, OperationRecord } from './record.ts'

const sees = ({ parts }: Mapped, name: string): boolean => parts.some(({ value }) => mentions(value, name))

/** The record of `map`. */
export const map: OperationRecord<Mapped> = {
  operands: ({ rows }) => Object.values(rows),
  shape: ({ width }) => ({ count: undefined, width }),
  evaluate({ rows, data, parts, width, along }, { call, head, rows: rowsOf }): Matrix {
    const operands = Object.entries(rows).map(([name, operand]) => {
      const zeros = new Float64Array('width' in operand ? operand.width : 0)
      return [name, rowsOf(operand), zeros] as const
    })
    // Keys behind those that count are no rows, but queries may stand there, and see what tokens bring.
    const keys = operands.length === 0 ? call.keyLength : head.k.length
    const count = along === 'length' ? head.q.length : keys
    return Array.from({ length: count }, (_, position) => {
      const names = {
        position,
        length: head.k.length,
        head: head.index,
        heads: outputHeads(call),
        ...Object.fromEntries(operands.map(([name, all, zeros]) => [name, all[position] ?? zeros])),
        ...Object.fromEntries(data.map((plan) => [plan.name, valueIn(plan, call, head, position)])),
      }
      const result = new Float64Array(width)
      for (const { start, size, value } of parts)
        for (let component = 0; component < size; component++)
          result[start + component] = evaluateScalar(value, environmentOf({ ...names, component }))
      return result
    })
  },
  keysPermutable: (step) =>
    step.along === 'keyLength' && sees(step, 'position')
      ? 'rows of keys are made by their places'
      : undefined,
  weightsPositive: ({ rows }) =>
    Object.values(rows).some(({ kind }) => kind === 'attend' || kind === 'recur')
      ? 'the output is an expression in such a row'
      : undefined,
  prefixStable: (step) =>
    sees(step, 'length') ? 'it sees `length`, which grows with every token' : undefined,
  formula: ({ rows }, name) => `map(${Object.values(rows).map(name).join(', ')})`,
  details: ({ result, parts }) =>
    parts.map(
      ({ start, size, value }) =>
        `  ${result}[${size === 1 ? start : `${start} + component`}] ${print(value)}`,
    ),
}
