/**
 * Whose tensors an attention's expressions see. Features of keys are evaluated once for each key head, so that what
 * other heads own stands still there only where all head counts of a call are equal; and a row of one side has the
 * inputs of the other only where both are the same rows.
 */
import type { TensorPlan } from '../../runtime/contract/tensors.ts'
import type { Expression } from '../symbolic/expression.ts'
import { freeVariables } from '../symbolic/traverse.ts'
import type { AttentionModel } from './model.ts'

/**
 * The name that the features of keys see although neither key heads nor all heads own it; undefined where there is
 * none. They are evaluated once for each key head, those of queries for each head that has need of them.
 */
export function needsEqualHeads({ feature, inputs = [], weights = [] }: AttentionModel): string | undefined {
  if (feature === undefined) return undefined
  const names = namesOf(feature.key)
  const of = [...inputs, ...weights].find(
    ({ name, heads }) =>
      heads !== 'kvHeads' && heads !== 'shared' && (names.has(name) || names.has(`previous(${name})`)),
  )
  return of?.name ?? (names.has('head') ? 'head' : undefined)
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
