/** The records of all row operations, by kind. */
import type { RowOperand, RowOperation } from '../rows.ts'
import { accumulate } from './accumulate.ts'
import { attend } from './attend.ts'
import { carry } from './carry.ts'
import { convolve } from './convolve.ts'
import { either } from './either.ts'
import { filter } from './filter.ts'
import { inverse } from './inverse.ts'
import { map } from './map.ts'
import { means } from './means.ts'
import { near } from './near.ts'
import { product } from './product.ts'
import { recur } from './recur.ts'
import type { OperationRecord } from './record.ts'

const byKind: { readonly [Kind in RowOperation['kind']]: OperationRecord<RowOperation & { kind: Kind }> } = {
  filter,
  map,
  accumulate,
  attend,
  carry,
  recur,
  near,
  means,
  product,
  inverse,
  convolve,
  either,
}

/** The record of an operation. */
export const recordOf = (operation: RowOperation): OperationRecord =>
  byKind[operation.kind] as OperationRecord

/** Whether an operand is computed, and neither given nor of the call. */
export const isOperation = (operand: RowOperand): operand is RowOperation =>
  operand.kind !== 'call' && operand.kind !== 'given'

/** Every operation of an attention once, those inside others and before them first. */
export function operationsOf(steps: readonly RowOperation[]): readonly RowOperation[] {
  const found = new Set<RowOperation>()
  const visit = (operation: RowOperation): void => {
    if (found.has(operation)) return
    recordOf(operation).operands(operation).filter(isOperation).forEach(visit)
    found.add(operation)
  }
  steps.forEach(visit)
  return [...found]
}
