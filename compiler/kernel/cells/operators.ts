/** The operators of formulas as values of a kernel. */
import { invariant } from '../../diagnostics/invariant.ts'
import type { FormulaOperator } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Value } from '../kernel.ts'

const between: Partial<Record<FormulaOperator, (left: Value, right: Value) => Value>> = {
  '+': ir.add,
  '-': ir.sub,
  '*': ir.mul,
  '/': ir.div,
  '%': ir.mod,
  '<': ir.lt,
  '<=': ir.le,
  '>': ir.gt,
  '>=': ir.ge,
  '==': ir.eq,
  '!=': ir.ne,
  '&&': ir.and,
  min: (left, right) => ir.call('min', left, right),
  max: (left, right) => ir.call('max', left, right),
}

/** An operator on values of one type. */
export function applyFormula(operator: FormulaOperator, operands: readonly Value[]): Value {
  const [first, second, third] = operands
  invariant(first !== undefined, `${operator} has an operand`)
  if (operator === 'exp' || operator === 'exp2' || operator === 'abs') return ir.call(operator, first)
  invariant(second !== undefined, `${operator} has two operands`)
  if (operator === 'select') {
    invariant(third !== undefined, 'a selection has two values')
    return ir.select(first, second, third)
  }
  const apply = between[operator]
  invariant(apply !== undefined, `the operator ${operator} has a spelling in kernels`)
  return apply(first, second)
}
