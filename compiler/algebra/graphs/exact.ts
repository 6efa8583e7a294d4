/** Attention pair by pair. */
import { invariant } from '../../diagnostics/invariant.ts'
import { declaredTensors, factorOfPairs } from '../../semantics/model.ts'
import type { AttentionModel, MaskModel } from '../../semantics/model.ts'
import { multiply } from '../../symbolic/build.ts'
import { scalarComponents } from '../../symbolic/components.ts'
import { simplify } from '../../symbolic/simplify.ts'
import { traverse } from '../../symbolic/traverse.ts'
import type { Accumulated, Mapped, RowOperation } from '../rows.ts'
import { scaledTerm } from '../split-term.ts'
import { attendBeside } from './graph.ts'
import type { Graph, Inputs } from './graph.ts'
import { apartFromPlaces, indicator } from './masks.ts'
import { withOutput } from './output.ts'
import { pathOf } from './paths.ts'
import { sidesOf } from './sides.ts'

/** Queries attending to all keys. */
export const exact: Graph = (model, inputs, kernel) =>
  withOutput(model, attendBeside(model, inputs, kernel), inputs)

/** Variables of a kernel that its two rows have no entries for. */
const beside: ReadonlySet<string> = new Set(['i', 'j', 'head', 'heads', 'length'])

/** Operators on entries, whose sums no kernel takes in step. */
const moving: ReadonlySet<string> = new Set([
  'entry',
  'slice',
  'concat',
  'roll',
  'rotary',
  'rotary_interleaved',
  'product',
])

/** Whether scores or the mask see more than the entries of two rows and, in the mask, their places. */
export function seesBeside(model: AttentionModel): boolean {
  const { evaluation, kernel, mask } = model
  if (evaluation !== 'exact' || kernel === undefined) return false
  if (factorOfPairs(model) !== undefined) return true
  const data = new Set(declaredTensors(model).map(({ name }) => name))
  const isBeside = traverse(kernel).some(
    (node) =>
      (node.kind === 'variable' &&
        (beside.has(node.name) || data.has(node.name) || node.name.endsWith(']'))) ||
      (node.kind === 'apply' && moving.has(node.operator)),
  )
  return isBeside || apartFromPlaces(mask).others.length > 0
}

/** Mapped rows, and queries attending to keys among them; of the mask what goes by places stays. */
export function exactBeside(
  model: AttentionModel,
  inputs: Inputs,
): { readonly steps: readonly RowOperation[]; readonly mask: MaskModel } {
  const { kernel } = model
  invariant(kernel !== undefined, 'an exact attention has a kernel')
  const { mask, others } = apartFromPlaces(model.mask)
  const path = pathOf(model)
  const sides = sidesOf(multiply(kernel, ...path.factors, ...others.map(indicator)), {
    ...inputs,
    rows: path.rows,
    data: declaredTensors(model),
  })
  const term = scaledTerm(simplify(scalarComponents(sides.kernel)))
  const { queries, keys } = sides
  const before = new Set([queries, keys].flatMap(madeOf))
  const attend = { ...attendBeside(model, inputs, term), queries, keys }
  return { steps: [...before, ...withOutput(model, attend, inputs)], mask }
}

/** A step behind those that it is made of. */
function madeOf(step: Mapped | Accumulated): readonly (Mapped | Accumulated)[] {
  const operands = step.kind === 'map' ? Object.values(step.rows) : [step.rows]
  return [
    ...operands.flatMap((one) => (one.kind === 'map' || one.kind === 'accumulate' ? madeOf(one) : [])),
    step,
  ]
}
