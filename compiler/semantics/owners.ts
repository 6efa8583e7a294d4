/**
 * Whose tensors an attention's expressions see. Features of keys are evaluated once for each key head, so that what
 * other heads own stands still there only where all head counts of a call are equal; and a row of one side has the
 * inputs of the other only where both are the same rows.
 */
import type { TensorPlan } from '../../runtime/contract/tensors.ts'
import type { Expression } from '../symbolic/expression.ts'
import { freeVariables } from '../symbolic/traverse.ts'
import type { AttentionModel } from './model.ts'

interface Seen {
  readonly name: string
  readonly side: 'query' | 'key'
}

/** What an attention's features see that neither they nor all heads own; absent where there is none. */
export function needsEqualHeads({ feature, inputs = [], weights = [] }: AttentionModel): Seen | undefined {
  const tensors = [...inputs, ...weights]
  const found = (side: 'query' | 'key', blocks: readonly Expression[]): Seen | undefined => {
    const names = namesOf(blocks)
    const own = side === 'query' ? 'heads' : 'kvHeads'
    const of = tensors.find(
      ({ name, heads }) =>
        heads !== own && heads !== 'shared' && (names.has(name) || names.has(`previous(${name})`)),
    )
    if (of !== undefined) return { name: of.name, side }
    return ['head', 'heads'].filter((name) => names.has(name)).map((name) => ({ name, side }))[0]
  }
  return feature && (found('query', feature.query) ?? found('key', feature.key))
}

/** Whether rows of one side see inputs of the other, so that a call has as many keys as queries. */
export function needsEqualLengths(model: AttentionModel): boolean {
  const { feature, inputs = [], kernel, mask, output } = model
  const crosses = (rows: TensorPlan['rows'], expressions: readonly Expression[], suffix = ''): boolean => {
    const names = namesOf(expressions)
    return inputs.some(
      (tensor) =>
        tensor.rows !== rows &&
        (names.has(`${tensor.name}${suffix}`) || names.has(`previous(${tensor.name})`)),
    )
  }
  const pairs = [...(kernel ? [kernel] : []), ...(mask.kind === 'condition' ? [mask.condition] : [])]
  const seesOwnRow = output !== undefined && ['k', 'v'].some((name) => freeVariables(output).has(name))
  return (
    seesOwnRow ||
    crosses('length', [...(feature?.query ?? []), ...(output ? [output] : [])]) ||
    crosses('keyLength', [
      ...(feature?.key ?? []),
      ...(model.decay ? [model.decay] : []),
      ...(model.update ? [model.update.written] : []),
    ]) ||
    crosses('length', pairs, '[i]') ||
    crosses('keyLength', pairs, '[j]')
  )
}

const namesOf = (expressions: readonly Expression[]): ReadonlySet<string> =>
  new Set(expressions.flatMap((expression) => [...freeVariables(expression)]))
