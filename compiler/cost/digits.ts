/**
 * How a kernel takes its workgroup's index apart: `workgroup % tiles` and `workgroup / tiles` are a digit each, as of a
 * number in which every place has a base of its own.
 */
import type { Kernel, Value } from '../kernel/kernel.ts'
import { children } from '../kernel/walk.ts'

/**
 * The bases of the digits, from the one that changes fastest; their product is the number of workgroups.
 *
 * @param evaluate the value of an expression of the shape alone
 * @param rows of work that are alike, as heads are: a digit of their own where the kernel's text has none
 */
export function digitsOf(
  { body }: Pick<Kernel, 'body'>,
  workgroups: number,
  evaluate: (value: Value) => number,
  alike: number,
): readonly number[] {
  // Names of what is left of the index after so many digits.
  const rests = new Map<string, number>()
  const bases: number[] = []
  const note = (value: Value): number | undefined => {
    if (value.kind !== 'binary' || (value.operator !== '/' && value.operator !== '%')) return undefined
    const level = levelOf(value.left)
    if (level === undefined || !isOfShape(value.right)) return undefined
    const base = evaluate(value.right)
    if (level === bases.length && workgroups % (product(bases) * base) === 0) bases.push(base)
    return value.operator === '/' && bases[level] === base ? level + 1 : undefined
  }
  const levelOf = (value: Value): number | undefined => {
    if (value.kind === 'workgroup') return 0
    if (value.kind === 'name') return rests.get(value.name)
    return note(value)
  }
  const look = (value: Value): void => {
    note(value)
    children(value).forEach(look)
  }
  for (const statement of body) {
    if (statement.kind !== 'let') continue
    look(statement.value)
    const level = levelOf(statement.value)
    if (level !== undefined) rests.set(statement.name, level)
  }
  const rest = workgroups / product(bases)
  const split = bases.length === 0 && rest > alike && rest % alike === 0
  return (split ? [rest / alike, alike] : [...bases, rest]).filter((base) => base > 1)
}

const product = (numbers: readonly number[]): number => numbers.reduce((all, one) => all * one, 1)

function isOfShape(value: Value): boolean {
  return (
    value.kind === 'shape' ||
    value.kind === 'number' ||
    (value.kind === 'binary' && children(value).every(isOfShape))
  )
}
