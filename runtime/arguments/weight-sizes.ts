/** Weights beside the calls that use them, which say how many heads and key rows there are. */
import type { Shape } from '../contract/shape.ts'
import { countOf, declaredBuffer, describeAxes } from '../contract/tensors.ts'
import type { TensorPlan } from '../contract/tensors.ts'
import type { Program, WeightPlan } from '../program.ts'

export const declaredWeights = ({ tensors = [] }: Pick<Program, 'tensors'>): readonly TensorPlan[] =>
  tensors.filter(({ role }) => role === 'weight')

/**
 * Once a call is known: whether the weights that were given are for its heads, and for its key rows.
 *
 * @param lengthOf how many numbers a buffer of the attention's own has; undefined or NaN of one that is not there
 */
export function checkWeightSizes(
  program: Pick<Program, 'weights' | 'tensors'>,
  lengthOf: (buffer: string) => number | undefined,
  sizes: Omit<Shape, 'chunks' | 'sliceStart' | 'sliceCount'>,
): void {
  for (const plan of program.weights) checkWeightSize(plan, lengthOf(plan.name), sizes)
  for (const plan of declaredWeights(program)) {
    const have = lengthOf(declaredBuffer(plan))
    if (!have || have === countOf(plan, sizes) || (plan.optional && have === 1)) continue
    throw new RangeError(
      `With these heads, weights.${plan.name} needs ${countOf(plan, sizes)} numbers, ` +
        `${describeAxes(plan, sizes)}; create was given ${have}.`,
    )
  }
}

function checkWeightSize(
  { name, perHead, perKeyRow }: WeightPlan,
  have: number | undefined,
  { heads, keyLength }: Pick<Shape, 'heads' | 'keyLength'>,
): void {
  if (!have) return
  const all = heads * perHead
  if (perKeyRow === true ? have % all === 0 && have / all >= keyLength : have === all) return
  const need =
    perKeyRow === true ? `${all} numbers for each of at least ${keyLength} key rows` : `${all} numbers`
  throw new RangeError(`With these heads, weights.${name} needs ${need}; create was given ${have}.`)
}
