/**
 * A setting of an attention, as one record: how its value is read, what it makes
 * of the model, how the model is printed, and which rules hold between it and
 * other settings. `index.ts` lists the records in order; whoever reads, checks,
 * verifies, prints or names settings goes through that list.
 */
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts'
import type { Expression } from '../../symbolic/expression.ts'
import type { AttentionDeclaration, Setting } from '../../syntax/ast.ts'
import type { Feature } from '../feature.ts'
import type { AttentionModel, Evaluation, LandmarksModel } from '../model.ts'
import type { Report } from '../report.ts'
import type { Sizes } from '../place.ts'

type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : ''

/** Settings are called as the fields of the model are, in snake case; some belong to the model of another. */
export type SettingName =
  | SnakeCase<Exclude<keyof AttentionModel, 'name' | 'span' | 'evaluation'>>
  | Exclude<keyof LandmarksModel, 'count' | 'source'>

/** What an attention sets, by name. */
export type Settings = ReadonlyMap<SettingName, Setting>

/** The fields of the model that have been read. */
export type Draft = Partial<AttentionModel>

/** What the settings of one attention share. */
export interface Context {
  readonly declaration: AttentionDeclaration
  readonly settings: Settings
  /** The names of all settings, which those that are set may be confused with. */
  readonly known: readonly SettingName[]
  readonly features: ReadonlyMap<string, Feature>
  /** Stand-ins where the file does not say them rightly. */
  readonly sizes: Sizes
  /** What the settings before this one gave; for rules, what all of them gave. */
  readonly draft: Draft
  readonly report: Report
}

/** An expression of the model, and where it is evaluated. */
export interface Body {
  readonly expression: Expression
  /** At each query row, at each key row, at both rows of a pair, or once for each head. */
  readonly at: 'length' | 'keyLength' | 'pair' | 'head'
}

/**
 * Says what does not go together. A setting whose value could not be read still
 * counts as set, but its field is not in the draft.
 */
export type Rule = (context: Context) => void

/** Holds a condition of `model.ts`; where one fails, the compiler is wrong. */
export type Invariant = (condition: unknown, what: string) => void

/** All that the compiler's front end knows of one setting. */
export interface SettingRecord<Name extends SettingName = SettingName> {
  readonly name: Name
  /**
   * Fields of the model, defaults included, or none. `undefined` says that no
   * model can be made; who reports an error need not say it as well.
   */
  readonly read: (context: Context) => Draft | undefined
  /** The constants that expressions of other settings may use; what gives some is read before what does not. */
  readonly constants?: (context: Context) => Sizes
  /** The way in which an attention that has this setting is evaluated. */
  readonly evaluation?: Evaluation
  /** What is wrong with it beside another way of evaluating; where this is absent, that they are two. */
  readonly beside?: (span: Span) => Diagnostic
  /** What is wrong with it without a kernel; where this is absent, that the attention has no score. */
  readonly withoutKernel?: (span: Span) => Diagnostic
  /** The ways of evaluating that it applies to, where these are not all, or a rule of its own says so. */
  readonly ways?: readonly Evaluation[]
  readonly rules?: readonly Rule[]
  /** The invariants of `model.ts` that speak of its fields. */
  readonly verify?: (model: AttentionModel, promise: Invariant) => void
  /** The expressions of its fields. */
  readonly bodies?: (model: AttentionModel) => readonly Body[]
  /** Its value with constants as numbers; nothing where the model has none. */
  readonly print: (model: AttentionModel) => string | undefined
  /** Lines below it, each with a label. */
  readonly printParts?: (model: AttentionModel) => readonly (readonly [label: string, value: string])[]
}
