/**
 * Facts of an attention, whatever its row operations are. Planners, checks and explanations
 * ask here; the records of the operations have the answers.
 *
 * An obstacle says in words why a fact does not hold; it is undefined if the fact holds.
 */
import { weightNames } from '../../runtime/contract/weights.ts'
import { invariant } from '../diagnostics/invariant.ts'
import { mentions } from '../symbolic/traverse.ts'
import { identity } from './action.ts'
import type {
  Accumulated,
  Action,
  Attend,
  Attention,
  FactorisedScore,
  Filtered,
  GivenRows,
  Mapped,
  Mask,
  RowOperand,
  RowOperation,
  RowsShape,
  ScaledTerm,
  Sign,
} from './attention.ts'
import { conjuncts, isCausal } from './graphs/masks.ts'
import { isOperation, operationsOf, recordOf } from './operations/index.ts'

export { isIdentity } from './action.ts'

type Fact = 'keysPermutable' | 'weightsPositive' | 'prefixStable'

function obstacle({ steps }: Attention, fact: Fact): string | undefined {
  for (const operation of operationsOf(steps)) {
    const found = recordOf(operation)[fact]?.(operation)
    if (found !== undefined) return found
  }
  return undefined
}

/** Why keys, together with their values, may not come in another order. */
export const orderOfKeys = (attention: Attention): string | undefined =>
  attention.mask.kind === 'none'
    ? obstacle(attention, 'keysPermutable')
    : 'the mask goes by the place of a key'

/** Why a row of the output is no mean of values with weights ≥ 0. */
export function negativeWeights(attention: Attention): string | undefined {
  if (attention.division.kind === 'none') return 'there is no denominator'
  const found = obstacle(attention, 'weightsPositive')
  if (found !== undefined) return found
  return signOfWeights(attention) === 'unknown' ? 'scores may be negative' : undefined
}

/** Whether no row sees those after it, by the form of the mask. */
export const seesNoneAfter = (mask: Mask): boolean =>
  mask.kind === 'causal' || (mask.kind === 'condition' && conjuncts(mask.condition).some(isCausal))

/** Why no recurrence says the same as the whole sequence, in words that go on from "cannot decode, since". */
export function undecodable(attention: Attention): string | undefined {
  const found = obstacle(attention, 'prefixStable')
  if (found !== undefined) return found
  const { mask, stabilize } = attention
  if (mask.kind === 'none') return 'without a mask each row sees those after it; write mask: causal'
  if (!seesNoneAfter(mask)) return 'its mask is not `causal`; join that to it with &&'
  if (mask.kind === 'condition' && mentions(mask.condition, 'length'))
    return 'it sees `length`, which grows with every token'
  return stabilize.kind === 'max' ? 'stabilize: max takes maxima over the whole sequence' : undefined
}

/** The step that gives the output. */
export function outputOf({ steps }: Attention): RowOperation {
  const last = steps.at(-1)
  invariant(last !== undefined, 'an attention has a step')
  return last
}

/** The step in which rows meet: that of the output, or the one before it where that is made of single rows of it. */
export function meetingOf({ steps }: Attention): RowOperation {
  const meeting = steps.findLast((step) => !isAlong(step))
  invariant(meeting !== undefined, 'an attention has a step in which rows meet')
  return meeting
}

/** φ, where weights are products of features; whoever speaks of features asks for them here. */
export function featuresOf(attention: Attention): FactorisedScore | undefined {
  const output = outputOf(attention)
  return output.kind === 'carry' ? output.score : undefined
}

/** What rows do to the state that the attention carries; the identity where it carries none. */
export function actionOf(attention: Attention): Action {
  const output = outputOf(attention)
  return output.kind === 'carry' ? output.action : identity
}

/** The attention of the queries of the call to its keys; undefined for attentions of other steps. */
export function pairsOf(attention: Attention): Attend | undefined {
  const output = outputOf(attention)
  return output.kind === 'attend' && attention.steps.length === 1 ? output : undefined
}

/** The same of queries and keys that single rows are mapped to beforehand, and of rows that are mapped behind it. */
export function attendOf(attention: Attention): Attend | undefined {
  const meeting = meetingOf(attention)
  const others = attention.steps.every((step) => step === meeting || isAlong(step))
  return meeting.kind === 'attend' && others ? meeting : undefined
}

/** Whether denominators have more than the weights of keys and ε. */
export const weighsBeside = ({ steps }: Attention): boolean =>
  steps.some((step) => step.kind === 'attend' && step.beside !== undefined)

/** Rows that go along those of the call. */
export const isAlong = (operand: RowOperand): operand is Mapped | Accumulated | Filtered =>
  operand.kind === 'map' || operand.kind === 'accumulate' || operand.kind === 'filter'

/** The steps that make such rows of others, in order. */
export const alongOf = ({ steps }: Attention): readonly (Mapped | Accumulated)[] =>
  steps.filter((step) => step.kind === 'map' || step.kind === 'accumulate')

/** The steps that map single rows, in order. */
export const mapsOf = ({ steps }: Attention): readonly Mapped[] => steps.filter((step) => step.kind === 'map')

/** Whether a row is a sum over keys with weights of single pairs, which running bounds on rounding are known for. */
export const weighsPairs = (attention: Attention): boolean =>
  pairsOf(attention) !== undefined || featuresOf(attention) !== undefined

/** κ of every attention, or the blocks of φ. */
export const termsOf = ({ steps }: Attention): readonly ScaledTerm[] =>
  operationsOf(steps).flatMap((operation) => recordOf(operation).terms?.(operation) ?? [])

/** The least that is known of the sign of all terms. */
export function signOfWeights(attention: Attention): Sign {
  const signs = termsOf(attention).map(({ sign }) => sign)
  if (signs.includes('unknown')) return 'unknown'
  return signs.includes('nonnegative') ? 'nonnegative' : 'positive'
}

/** What the rows of an operand are. */
export function shapeOf(operand: RowOperand): RowsShape {
  if (operand.kind === 'call') return { count: undefined, width: operand.width }
  if (operand.kind === 'given') {
    const { count, width } = operand
    return { count, width: width === 'keyRows' ? undefined : width }
  }
  return recordOf(operand).shape(operand, shapeOf)
}

/** Whether rows are the same for all batch items, because everything that they are made of is given. */
export function isGiven(operand: RowOperand): boolean {
  if (!isOperation(operand)) return operand.kind === 'given'
  const operands = recordOf(operand).operands(operand)
  return operands.length > 0 && operands.every(isGiven)
}

/** The tensors that a caller gives, in the order of their names. */
export function givenRowsOf({ steps }: Attention): readonly GivenRows[] {
  const operands = operationsOf(steps).flatMap((operation) => recordOf(operation).operands(operation))
  const given = new Set(operands.filter((operand) => operand.kind === 'given'))
  return weightNames.flatMap((name) => [...given].filter(({ weight }) => weight === name))
}

/**
 * What gradients may be taken by beside q, k and v. Not by rotations of a hash: which bucket a row falls into has no
 * derivative.
 */
export const parametersOf = (attention: Attention): readonly ('projection' | 'weights')[] => [
  ...(featuresOf(attention)?.projections === undefined ? [] : (['projection'] as const)),
  ...(givenRowsOf(attention).length === 0 ? [] : (['weights'] as const)),
]

/** Whether φ of a row depends on where it stands, or among how many rows. */
export const seesPlace = ({ query, key }: FactorisedScore): boolean =>
  [...query, ...key].some(({ value }) => mentions(value, 'position') || mentions(value, 'length'))

/** Whether each step has a float64 meaning here. A sort by a hash has none, and no equation either. */
export const isInterpretable = ({ steps }: Attention): boolean =>
  operationsOf(steps).every((operation) => recordOf(operation).evaluate !== undefined)
