/** What names and functions mean in each place where an expression can stand. */
import { constant, row, variable } from '../symbolic/build.ts'
import type { Expression } from '../symbolic/expression.ts'
import { maskFunctions, rowFunctions } from './functions.ts'
import type { FunctionName } from './functions.ts'

/** The names, functions and operators of one place. */
export interface Scope {
  /** The place, as a sentence names it: `a kernel`. */
  readonly where: string
  readonly names: ReadonlyMap<string, Expression>
  readonly functions: ReadonlySet<FunctionName>
  /** Whether comparisons, `&&`, `||`, `!` and `%` are allowed. */
  readonly conditions: boolean
  /** Whether an exponent may vary, over a constant base. */
  readonly varyingExponents: boolean
  /** Whether the sizes stand in for unknown ones: types are then told, values are not. */
  readonly standIn: boolean
  /** Help for a name that means nothing here but something elsewhere in the file. */
  readonly hint?: (name: string) => string | undefined
}

/** The constants that an attention gives its expressions. */
export interface Sizes {
  readonly dim: number
  /** m, if there are projections. */
  readonly projections?: number | undefined
  readonly standIn: boolean
}

const constants = ({ dim, projections }: Sizes): [string, Expression][] => [
  ['pi', constant(Math.PI)],
  ['dim', constant(dim)],
  ...(projections === undefined
    ? []
    : [['projections', constant(projections)] satisfies [string, Expression]]),
]

const ofRows = (where: string, sizes: Sizes, names: [string, Expression][]): Scope => ({
  where,
  names: new Map([...constants(sizes), ...names]),
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
  hint,
})

/** The rows `q` and `k`. */
export const kernelScope = (sizes: Sizes, hint: (name: string) => string | undefined): Scope => ({
  ...ofRows('a kernel', sizes, [
    ['q', row('q', sizes.dim)],
    ['k', row('k', sizes.dim)],
  ]),
  hint,
})

/** The indices of a pair, and the number of rows. */
export const maskScope = (sizes: Sizes): Scope => ({
  ...ofRows('a mask', sizes, [
    ['i', variable('i')],
    ['j', variable('j')],
    ['length', variable('length')],
  ]),
  functions: maskFunctions,
  conditions: true,
  hint: (name) => (name === 'causal' ? 'as a condition, `causal` is `j <= i`' : undefined),
})

/** `head` is the variable of that name, or one head's index. */
export const decayScope = (sizes: Sizes, head: Expression): Scope => ({
  ...ofRows('`decay`', sizes, [['head', head]]),
  varyingExponents: true,
})

/** A number of the file; `dim` itself has no `dim` to refer to. */
export const constantScope = (setting: string, sizes?: Sizes): Scope =>
  sizes === undefined
    ? {
        ...ofRows(`\`${setting}\``, { dim: 0, standIn: false }, []),
        names: new Map([['pi', constant(Math.PI)]]),
      }
    : ofRows(`\`${setting}\``, sizes, [])

/** Where a name would mean something. */
export const homes: ReadonlyMap<string, string> = new Map([
  ['position', 'a feature'],
  ['length', 'a feature or a mask'],
  ['i', 'a mask'],
  ['j', 'a mask'],
  ['head', '`decay`'],
  ['q', 'a kernel'],
  ['k', 'a kernel'],
  ['projections', 'an attention that has `projections`, and in its feature'],
])

/** Names with a meaning in every feature, which a parameter cannot take. */
export const featureNames: readonly string[] = ['pi', 'dim', 'projections', 'position', 'length']
