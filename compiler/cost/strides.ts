/**
 * Loops in which every index moves by the same number each round: all rounds then follow from the first, and are
 * counted at once. Nothing is lost by it.
 */
import type { Statement, Value } from '../kernel/kernel.ts'
import { children } from '../kernel/walk.ts'

type For = Extract<Statement, { kind: 'for' }>

/** Whether the body has no control of its own and all its indexes are sums of multiples of the loop's. */
export function movesByStrides({ index, body }: For): boolean {
  const moving = new Set([index])
  const bent = new Set<string>()
  return body.every((statement) => {
    switch (statement.kind) {
      case 'comment':
        return true
      case 'let':
      case 'var': {
        const degree = degreeOf(statement.value)
        if (degree === 1) moving.add(statement.name)
        if (degree === undefined) bent.add(statement.name)
        return hasStrides(statement.value)
      }
      case 'assign':
        bent.add(statement.target.name)
        return hasStrides(statement.value)
      case 'store':
      case 'sharedStore':
        return degreeOf(statement.index) !== undefined && [statement.index, statement.value].every(hasStrides)
      default:
        return false
    }
  })

  /** 0 where a value stays as it is, 1 where it moves evenly. */
  function degreeOf(value: Value): 0 | 1 | undefined {
    if (value.kind === 'name') return bent.has(value.name) ? undefined : moving.has(value.name) ? 1 : 0
    const parts = children(value).map(degreeOf)
    if (parts.every((part) => part === 0)) return value.kind === 'sharedLoad' ? undefined : 0
    if (value.kind !== 'binary' || parts.includes(undefined)) return undefined
    const { operator } = value
    if (operator === '+' || operator === '-') return 1
    return operator === '*' && parts.includes(0) ? 1 : undefined
  }

  function hasStrides(value: Value): boolean {
    if ((value.kind === 'load' || value.kind === 'sharedLoad') && degreeOf(value.index) === undefined)
      return false
    return children(value).every(hasStrides)
  }
}
