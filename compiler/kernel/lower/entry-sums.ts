/** The sums and maxima of an expression that go through the entries of vectors in step. */
import { InvariantError } from '../../diagnostics/invariant.ts'
import { print } from '../../symbolic/print.ts'
import { children } from '../../symbolic/traverse.ts'
import type { Expression, Reduce } from '../../symbolic/expression.ts'
import * as ir from '../build.ts'
import type { Value } from '../kernel.ts'
import { applyOperator } from './operators.ts'

/** Sums of one length. */
export interface EntrySums {
  /** Entries of the vectors that they run over, from the first on. */
  readonly length: number
  /** By their text. */
  readonly sums: ReadonlyMap<string, Reduce>
}

/**
 * Those in the expressions that see no more than entries of these vectors, all at the index that they run over, and that
 * are the longest of vectors of `width` entries; such as are taken in fours run over fours.
 */
export function entrySums(
  expressions: readonly Expression[],
  width: number,
  vectors: readonly string[],
): EntrySums {
  const found = new Map<string, Reduce>()
  const collect = (expression: Expression): void => {
    children(expression).forEach(collect)
    if (expression.kind !== 'reduce') return
    const { size } = expression
    if (size !== width && (size > width || (width % 4 === 0 && size % 4 !== 0))) return
    if (isInStep(expression.body, expression.index, vectors)) found.set(print(expression), expression)
  }
  expressions.forEach(collect)
  const length = Math.max(0, ...[...found.values()].map(({ size }) => size))
  return { length, sums: new Map([...found].filter(([, { size }]) => size === length)) }
}

/** Whether an expression sees entries of the vectors at one index alone. */
function isInStep(body: Expression, index: string, vectors: readonly string[]): boolean {
  if (body.kind === 'element')
    return vectors.includes(body.vector) && body.index.kind === 'variable' && body.index.name === index
  return body.kind !== 'reduce' && children(body).every((child) => isInStep(child, index, vectors))
}

/** A term of such a sum at the index `entry` (u32), where `entryOf` gives the entry of a vector. */
export function termAt(body: Expression, entry: Value, entryOf: (vector: string) => Value): Value {
  switch (body.kind) {
    case 'constant':
      return ir.f32(body.value)
    case 'variable':
      return ir.convert('f32', entry)
    case 'element':
      return entryOf(body.vector)
    case 'apply':
      return applyOperator(
        body.operator,
        body.args.map((argument) => termAt(argument, entry, entryOf)),
      )
    case 'reduce':
      throw new InvariantError('what goes through entries in step has no sum in a sum')
  }
}
