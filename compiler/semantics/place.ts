/** A place where an expression can stand: what names, calls and operators mean there. `scope.ts` makes them. */
import type { Expression } from '../symbolic/expression.ts'
import type * as ast from '../syntax/ast.ts'
import type { Paired } from './data.ts'
import type { Definitions } from './definitions.ts'
import type { FunctionName } from './functions.ts'
import type { Report } from './report.ts'

/** A call whose arguments are checked. */
export interface CheckedCall {
  readonly tree: ast.Call
  readonly args: readonly Expression[]
}

/** The widths of a state. */
export interface StateSize {
  readonly features: number
  readonly valueDim: number
}

/** The names, functions and operators of one place. */
export interface Scope {
  /** The place, as a sentence names it: `a kernel`. */
  readonly where: string
  readonly names: ReadonlyMap<string, Expression>
  /** Those of the names that mean the same in functions of the file. */
  readonly constants: readonly [string, Expression][]
  readonly functions: ReadonlySet<FunctionName>
  /** Functions of the file and of the prelude. */
  readonly definitions?: Definitions | undefined
  /** Calls that mean something here alone. */
  readonly special?: ReadonlyMap<string, Special>
  /** Where a pair is at hand: inputs, which are written with the row that they are of. */
  readonly paired: ReadonlyMap<string, Paired>
  /** The names of variables that have a row before; absent where `previous` means nothing. */
  readonly rows?: ReadonlySet<string>
  /** The position of the row that an expression is made of. */
  readonly position?: (row: Expression) => Expression | undefined
  /** How many more functions may be written out. */
  readonly budget?: { left: number }
  /** Of the state that is at hand. */
  readonly stateSize?: StateSize
  /** Whether `%` is allowed where conditions are not. */
  readonly remainders?: boolean
  /** Whether comparisons, `&&`, `||`, `!` and `%` are allowed. */
  readonly conditions: boolean
  /** Whether an exponent may vary, over a constant base. */
  readonly varyingExponents: boolean
  /** Whether the sizes stand in for unknown ones: types are then told, values are not. */
  readonly standIn: boolean
  /** Help for a name that means nothing here but something elsewhere in the file. */
  readonly hint?: (name: string) => string | undefined
}

/** A call that means something in one place alone. */
export type Special = (call: CheckedCall, scope: Scope, report: Report) => Expression | undefined

/** The constants that an attention gives its expressions, and the functions of its file. */
export interface Sizes {
  readonly dim: number
  readonly valueDim?: number | undefined
  readonly definitions?: Definitions | undefined
  /** m, if there are projections. */
  readonly projections?: number | undefined
  readonly standIn: boolean
}
