/** What of a checked spec no target has kernels for yet; its attentions run on the float64 reference. */
import { fromModel } from './algebra/build.ts'
import { attendOf, mapsOf } from './algebra/facts.ts'
import { declaredTensors, headsInSight, isOfHeads, isRecurrent } from './semantics/model.ts'
import type { AttentionModel } from './semantics/model.ts'
import { environmentOf, evaluateScalar } from './symbolic/evaluate.ts'
import type { Expression } from './symbolic/expression.ts'
import { scalarOperator } from './symbolic/operators.ts'
import { freeVariables, mentions, traverse } from './symbolic/traverse.ts'

/** The first such part, as a noun; undefined where kernels can be made of all. */
export function uncompiled(model: AttentionModel): string | undefined {
  const { mask, decay, output, shortConv, evaluation } = model
  if (isRecurrent(model)) return uncompiledRecurrence(model)
  if (shortConv !== undefined) return '`short_conv`'
  if (evaluation !== 'exact' && declaredTensors(model).length > 0) return 'declared inputs and weights'
  if (output !== undefined && evaluation !== 'exact') return 'an expression for its output'
  if (mask.kind === 'causal' && mask.fromEnd === true) return 'a mask from the end'
  if (decay !== undefined && decay.type.kind === 'vector' && evaluation === 'exact')
    return 'a decay of each entry of pairs'
  if (isOfHeads(decay) && forgetsAll(decay)) return 'a decay of 0'
  if (evaluation === 'exact') return uncompiledPairs(model)
  for (const expression of expressionsOf(model)) {
    const nodes = traverse(expression)
    const name = nodes.flatMap((node) => (node.kind === 'variable' ? (ofPairs[node.name] ?? []) : []))[0]
    if (
      name !== undefined &&
      !(mask.kind === 'condition' && expression === mask.condition && name === indices)
    )
      return name
    const operator = nodes.find((node) => node.kind === 'apply' && moving.has(node.operator))
    if (operator?.kind === 'apply') return `\`${operator.operator}\``
  }
  return undefined
}

/** Buffers that a kernel has left beside rows, their counts and the result. */
const mostTables = 2

/** The same of scores of pairs. */
function uncompiledPairs(model: AttentionModel): string | undefined {
  const others = [model.decay, model.output].filter((one) => one !== undefined)
  if (seesBefore([...expressionsOf(model), ...others])) return 'rows before'
  const attention = fromModel(model)
  const attend = attendOf(attention)
  const seen = attention.data.filter(({ name }) =>
    [attend?.kernel.value, attend?.beside].some((one) => one !== undefined && mentions(one, name)),
  )
  if (seen.length > mostTables) return `more than ${mostTables} weights that pairs and their denominators see`
  const apart = mapsOf(attention).some(({ along, heads }) => along === 'keyLength' && heads === 'heads')
  return apart ? 'keys that each query head makes its own of' : undefined
}

/** Of a state that tokens change: what the rows in front of it, which hold plain numbers, cannot hold. */
function uncompiledRecurrence(model: AttentionModel): string | undefined {
  const { feature, normalize, decay, update, output, sink } = model
  if (sink !== undefined) return 'a sink'
  if (normalize === 'sum') return 'a denominator of a state that tokens change'
  if (feature?.projected === true) return 'projections in front of a state that tokens change'
  const features = expressionsOf(model)
  const others = [decay, update?.written, output].filter((one) => one !== undefined)
  if (seesBefore([...features, ...others])) return 'rows before'
  const grows = features.flatMap(traverse).some(isExponential)
  return grows ? 'exponentials in features of a state that tokens change, which need scales' : undefined
}

const seesBefore = (expressions: readonly Expression[]): boolean =>
  expressions
    .flatMap((expression) => [...freeVariables(expression)])
    .some((name) => name.startsWith('previous('))

const isExponential = (node: Expression): boolean =>
  node.kind === 'apply' && scalarOperator(node.operator)?.growth.kind === 'exponential'

/** Whether γ is 0 for a head that the compiler looks at: logarithms, which kernels carry, have no such number. */
const forgetsAll = (decay: Expression): boolean =>
  Array.from({ length: headsInSight }, (_, head) => evaluateScalar(decay, environmentOf({ head }))).includes(
    0,
  )

const indices = 'a kernel of the places of its rows'

/** Variables that features and kernels of targets do not know. */
const ofPairs: Readonly<Record<string, string>> = {
  i: indices,
  j: indices,
  head: 'expressions of the head',
  heads: 'expressions of the head',
  'previous(x)': 'rows before',
}

/** Operators whose components no target computes yet. */
const moving: ReadonlySet<string> = new Set(['concat', 'roll', 'rotary', 'rotary_interleaved', 'product'])

const expressionsOf = ({ kernel, feature, mask }: AttentionModel): readonly Expression[] => [
  ...(kernel ? [kernel] : []),
  ...(feature ? [...feature.query, ...feature.key] : []),
  ...(mask.kind === 'condition' ? [mask.condition] : []),
]
