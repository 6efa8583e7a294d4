/** Attention the other way round: of keys to the queries that see them. */
import type { Mask, ScaledTerm } from '../../algebra/attention.ts'
import { apply, variable } from '../../symbolic/build.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { mapNodes } from '../../symbolic/traverse.ts'

/** The same κ with its rows exchanged. */
export function exchanged({ value, coefficient, exponent, sign }: ScaledTerm): ScaledTerm {
  const other = (vector: string): string => (vector === 'q' ? 'k' : vector === 'k' ? 'q' : vector)
  const turned = (expression: Expression): Expression =>
    mapNodes(expression, (node) =>
      node.kind === 'element' ? { ...node, vector: other(node.vector) } : undefined,
    )
  return {
    value: turned(value),
    coefficient: turned(coefficient),
    ...(exponent && { exponent: turned(exponent) }),
    sign,
  }
}

/** Which queries a key is seen by. */
export function transposedMask(mask: Mask): Mask {
  if (mask.kind === 'none') return mask
  const [i, j] = [variable('i'), variable('j')]
  if (mask.kind === 'causal') return { kind: 'condition', condition: apply('greaterEqual', j, i) }
  const condition = mapNodes(mask.condition, (node) => {
    if (node.kind !== 'variable') return undefined
    return node.name === 'i' ? j : node.name === 'j' ? i : node
  })
  return { kind: 'condition', condition }
}
