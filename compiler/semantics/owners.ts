/**
 * Whose tensors an attention's expressions see. Features of keys are evaluated once for each key head, so that what
 * other heads own stands still there only where all head counts of a call are equal; and a row of one side has the
 * inputs of the other only where both are the same rows.
 */
import type { TensorPlan } from '../../runtime/contract/tensors.ts'
import type { Expression } from '../symbolic/expression.ts'
import { freeVariables } from '../symbolic/traverse.ts'
import { bodiesOf } from './bodies.ts'
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
  return bodiesOf(model).some(({ at, expression }) => {
    const names = freeVariables(expression)
    if (at === 'pair')
      return crosses(model, names, 'length', '[i]') || crosses(model, names, 'keyLength', '[j]')
    // A row of the result sees the key and the value of its own token.
    const seesOwnKey = at === 'length' && ['k', 'v'].some((name) => names.has(name))
    return seesOwnKey || (at !== 'head' && crosses(model, names, at))
  })
}

/** Whether rows of one side see an input that is not theirs, by its name and a suffix. */
function crosses(
  { inputs = [] }: AttentionModel,
  names: ReadonlySet<string>,
  rows: TensorPlan['rows'],
  suffix = '',
): boolean {
  return inputs.some(
    (tensor) =>
      tensor.rows !== rows && (names.has(`${tensor.name}${suffix}`) || names.has(`previous(${tensor.name})`)),
  )
}

const namesOf = (expressions: readonly Expression[]): ReadonlySet<string> =>
  new Set(expressions.flatMap((expression) => [...freeVariables(expression)]))
