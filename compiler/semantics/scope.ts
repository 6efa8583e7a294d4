/** What names and functions mean in each place where an expression can stand. */
import { apply, constant, row, variable } from '../symbolic/build.ts'
import { state } from '../symbolic/expression.ts'
import type { Expression } from '../symbolic/expression.ts'
import { freeVariables } from '../symbolic/traverse.ts'
import { inputNames, pairedInputs, rowNames, weightNames } from './data.ts'
import type { Data } from './data.ts'
import { maskFunctions, rowFunctions } from './functions.ts'
import type { AttentionModel } from './model.ts'
import type { Scope, Sizes, StateSize } from './place.ts'
import { stateCalls } from './states.ts'

const constants = ({ dim, valueDim, projections }: Sizes): [string, Expression][] => [
  ['pi', constant(Math.PI)],
  ['dim', constant(dim)],
  ...(valueDim === undefined ? [] : [['value_dim', constant(valueDim)] satisfies [string, Expression]]),
  ...(projections === undefined
    ? []
    : [['projections', constant(projections)] satisfies [string, Expression]]),
]

const ofRows = (where: string, sizes: Sizes, names: [string, Expression][]): Scope => ({
  where,
  names: new Map([...constants(sizes), ...names]),
  constants: constants(sizes),
  definitions: sizes.definitions,
  paired: new Map(),
  functions: rowFunctions,
  conditions: false,
  varyingExponents: false,
  standIn: sizes.standIn,
})

/** The parameters are the row and, in a projected feature, the projection row; the model calls them x and w. */
export const featureScope = (
  parameters: readonly string[],
  sizes: Sizes,
  hint: (name: string) => string | undefined,
): Scope => ({
  ...ofRows('a feature', sizes, [
    ...parameters.map((name, index): [string, Expression] => [name, row(index === 0 ? 'x' : 'w', sizes.dim)]),
    ['position', variable('position')],
    ['length', variable('length')],
  ]),
  rows: new Set(['x']),
  position: () => variable('position'),
  hint,
})

const ofHeads: readonly [string, Expression][] = [
  ['head', variable('head')],
  ['heads', variable('heads')],
]

/** A feature in place: the row `x`, the projection row `w` where there are projections, and what is declared. */
export const inPlaceScope = (
  projected: boolean,
  sizes: Sizes,
  data: Data,
  hint: (name: string) => string | undefined,
): Scope => {
  const scope = featureScope(projected ? ['x', 'w'] : ['x'], sizes, hint)
  return {
    ...scope,
    names: new Map([...scope.names, ...ofHeads, ...rowNames(data)]),
    rows: new Set(['x', ...inputNames(data)]),
    varyingExponents: true,
  }
}

/** The rows `q` and `k`, the indices of the pair, and what is declared. */
export const kernelScope = (
  sizes: Sizes,
  data: Data & { readonly sameRows: boolean },
  hint: (name: string) => string | undefined,
): Scope => ({
  ...ofRows('a kernel', sizes, [
    ['q', row('q', sizes.dim)],
    ['k', row('k', sizes.dim)],
    ['i', variable('i')],
    ['j', variable('j')],
    ['length', variable('length')],
    ...ofHeads,
    ...weightNames(data),
  ]),
  paired: pairedInputs(data, data.sameRows),
  varyingExponents: true,
  position: sideOf,
  hint,
})

/** The index of the row of a pair that an expression is made of, if it is one of them. */
function sideOf(expression: Expression): Expression | undefined {
  const names = [...freeVariables(expression)]
  const query = names.some((name) => name === 'q' || name.endsWith('[i]'))
  const key = names.some((name) => name === 'k' || name.endsWith('[j]'))
  if (query === key) return undefined
  return variable(query ? 'i' : 'j')
}

/** The indices of a pair, the number of keys, and what is declared; `causal` is the condition j <= i. */
export const maskScope = (sizes: Sizes, data: Data & { readonly sameRows: boolean }): Scope => ({
  ...ofRows('a mask', sizes, [
    ['i', variable('i')],
    ['j', variable('j')],
    ['length', variable('length')],
    ['causal', apply('lessEqual', variable('j'), variable('i'))],
    ...ofHeads,
    ...weightNames(data),
  ]),
  paired: pairedInputs(data, data.sameRows),
  functions: maskFunctions,
  conditions: true,
})

/** `head` and `heads` are the variables of that name, or one head's index and so many heads. */
export const decayScope = (
  sizes: Sizes,
  data: Data,
  of: Readonly<Record<'head' | 'heads', Expression>> = { head: variable('head'), heads: variable('heads') },
): Scope => ({
  ...ofRows('`decay`', sizes, [...Object.entries(of), ...rowNames(data)]),
  rows: new Set(inputNames(data)),
  varyingExponents: true,
})

/** The state before a token, its φ(k) and value, the decay, and what is declared. */
export const updateScope = (
  sizes: Sizes,
  data: Data,
  size: StateSize,
  { decay }: Pick<AttentionModel, 'decay'>,
): Scope => ({
  ...ofRows('`update`', sizes, [
    ['S', variable('S', state)],
    ['decay', decay === undefined ? constant(1) : variable('decay', decay.type, 'numbers')],
    ['k', row('k', size.features)],
    ['v', row('v', size.valueDim)],
    ...ofHeads,
    ...rowNames(data),
  ]),
  rows: new Set(inputNames(data)),
  special: stateCalls(size),
  stateSize: size,
  varyingExponents: true,
})

/** A row of the result, what it was made for and of, and what is declared. */
export const outputScope = (sizes: Sizes, data: Data, { features, valueDim }: StateSize): Scope => ({
  ...ofRows('`output`', sizes, [
    ['o', row('o', valueDim)],
    ['q', row('q', features)],
    ['k', row('k', features)],
    ['v', row('v', valueDim)],
    ...ofHeads,
    ...rowNames(data),
  ]),
  rows: new Set(inputNames(data)),
  varyingExponents: true,
})

/** Heads and weights. */
export const sinkScope = (sizes: Sizes, data: Data): Scope => ({
  ...ofRows('`sink`', sizes, [...ofHeads, ...weightNames(data)]),
  varyingExponents: true,
})

/** A number of the file; `dim` itself has no `dim` to refer to. */
export const constantScope = (setting: string, sizes?: Sizes): Scope =>
  sizes === undefined
    ? {
        ...ofRows(`\`${setting}\``, { dim: 0, standIn: false }, []),
        names: new Map([['pi', constant(Math.PI)]]),
        constants: [['pi', constant(Math.PI)]],
      }
    : ofRows(`\`${setting}\``, sizes, [])

/** Where a name would mean something. */
export const homes: ReadonlyMap<string, string> = new Map([
  ['position', 'a feature'],
  ['length', 'a feature or a mask'],
  ['i', 'a kernel or a mask'],
  ['j', 'a kernel or a mask'],
  ['head', 'an attention, outside of declared features'],
  ['heads', 'an attention, outside of declared features'],
  ['q', 'a kernel'],
  ['k', 'a kernel'],
  ['projections', 'an attention that has `projections`, and in its feature'],
  ['value_dim', 'an attention, behind its own'],
])

/** Names with a meaning in every feature, which a parameter cannot take. */
export const featureNames: readonly string[] = ['pi', 'dim', 'projections', 'position', 'length']

/** Names with a meaning somewhere in an attention, which a tensor of it cannot take; `w` has one beside projections. */
export const reservedNames: readonly string[] = [
  ...homes.keys(),
  'pi',
  'dim',
  'v',
  'x',
  'o',
  'S',
  'decay',
  'causal',
]
