/**
 * The compiler as a library: text in, data out. Nothing here reads files or
 * needs Node.js, so that it runs in a browser too.
 *
 *     import { compile } from 'attnc'
 *     const { modules, diagnostics } = compile(text)
 */
import { describe, requireObject } from '../runtime/arguments/describe.ts'
import type { TargetName } from '../runtime/contract/backends.ts'
import type { Program } from '../runtime/program.ts'
import { LateFiles } from './codegen/late-files.ts'
import type { OutputFile } from './codegen/module.ts'
import { type RuntimePlace, runtimes } from './codegen/runtime-imports.ts'
import type { Diagnostic as FoundDiagnostic, Source } from './diagnostics/diagnostic.ts'
import { messages } from './diagnostics/messages.ts'
import { placed, type PlacedDiagnostic as Diagnostic } from './diagnostics/place.ts'
import { build, type Built, understand, type Unscheduled } from './pipeline.ts'
import {
  referenceGradients as differentiate,
  type GradientInputs,
  type ReferenceGradients,
} from './reference/gradient/gradients.ts'
import { reference as interpret, type ReferenceInputs } from './reference/reference.ts'
import { checkOptions, type Member, noAttention, oneOf, text as string } from './options.ts'
import { areChoices, type Choices } from './schedule/choices.ts'
import type { AttentionModel, CheckedFile } from './semantics/model.ts'
import type { File } from './syntax/ast.ts'
import { format as printCanonically } from './syntax/format.ts'
import { parse as parseSource } from './syntax/parse.ts'
import { targetNames } from './targets/index.ts'
import type { Verification, VerifyOptions } from './verification/verify.ts'

export type { Severity, Source, Span } from './diagnostics/diagnostic.ts'
export type { PlacedDiagnostic as Diagnostic } from './diagnostics/place.ts'
export type { OutputFile } from './codegen/module.ts'
export type { GradientInputs, ReferenceGradients } from './reference/gradient/gradients.ts'
export type { ReferenceInputs } from './reference/reference.ts'
export type { AttentionModel, CheckedFile } from './semantics/model.ts'
export type { File } from './syntax/ast.ts'
export type { Choices } from './schedule/choices.ts'
export type { Program } from '../runtime/program.ts'
export type { AttentionReport, Counterexample, PropertyName, PropertyResult } from './verification/report.ts'
export type { RenderOptions } from './diagnostics/render.ts'
export { render } from './frames.ts'
export type { Verification, VerifyOptions } from './verification/verify.ts'

/** What kernels are written for. */
export type Target = TargetName

export const targets: readonly Target[] = targetNames

export interface SourceOptions {
  /** The name to show in messages; `input.attn` where it is not given. */
  readonly file?: string
}

export interface CompileOptions extends SourceOptions {
  /** The first of `targets` where it is not given. */
  readonly target?: Target
  /** One attention by name, in place of all. */
  readonly only?: string
  /** What `files` import: a `copy` of the runtime beside them, as without this option, or `attnc/runtime` of the package. */
  readonly runtime?: RuntimePlace
  /** By the names of attentions, the choices of tiles that `attnc tune` made for them; the model's where there are none. */
  readonly tuned?: Readonly<Record<string, Choices>>
}

export interface Compilation {
  /** Empty of errors exactly when every attention asked for is among `modules`, or has a module of its text. */
  readonly diagnostics: readonly Diagnostic[]
  /** In the order of the file; none where the file itself has errors. */
  readonly modules: readonly CompiledAttention[]
  /** Attentions that are right and that the compiler cannot compile yet; some run on the float64 reference all the same. */
  readonly pending: readonly PendingAttention[]
  /** Names of all attentions that the file declares without errors, whatever `only` says. */
  readonly attentions: readonly string[]
}

/** One compiled attention: files to write, a program to run, and what each stage made of it. */
export interface CompiledAttention extends Omit<Built, 'files' | 'program'> {
  readonly name: string
  /** An ES module, its types, and its kernels to read; they import the runtime, as the option says. */
  readonly files: readonly OutputFile[]
  /** One of `files` by its path, sooner than all of them are made; undefined where there is none of that path. */
  readonly file: (path: string) => OutputFile | undefined
  /** For `createAttention` of `attnc/runtime`, without writing anything. */
  readonly program: Program
}

export interface PendingAttention extends Omit<Unscheduled, 'text'> {
  readonly name: string
  /** Where no target has kernels for it: a module that runs on the float64 reference, and its program. */
  readonly text?: Pick<CompiledAttention, 'files' | 'program'>
}

/**
 * Compiles the attentions of a file.
 *
 * @param text an attn file
 * @throws TypeError for a text or options of another type, and for options that there are not
 * @throws RangeError for a target that there is not, and where `only` names no
 *   attention of a file without errors. What is wrong with the text is in
 *   `diagnostics`; nothing is thrown for it.
 */
export function compile(text: string, options: CompileOptions = {}): Compilation {
  const source = sourceOf(text, options, 'compile', {
    target: oneOf(targets),
    only: string,
    runtime: oneOf(runtimes),
    tuned: tunedChoices,
  })
  const { target, only, runtime = 'copy', tuned } = options
  const { tree, checked, diagnostics: found } = understand(source)
  const diagnostics = inPlaces(found, source)
  const attentions = checked.attentions.map(({ name }) => name)
  if (diagnostics.some(isError)) return { diagnostics, modules: [], pending: [], attentions }
  if (only !== undefined && !attentions.includes(only)) throw noAttention('only', only, attentions)

  const modules: CompiledAttention[] = []
  const pending: PendingAttention[] = []
  for (const model of checked.attentions) {
    if (only !== undefined && model.name !== only) continue
    const built = build(model, tree, target, tuned?.[model.name])
    if ('unsupported' in built) pending.push(pendingOf(model.name, built, runtime))
    else modules.push(compiled(model.name, built, runtime))
  }
  const missing = inPlaces(pending.map(notCompiled), source)
  return { diagnostics: [...diagnostics, ...missing], modules, pending, attentions }
}

function pendingOf(name: string, { text, ...built }: Unscheduled, runtime: RuntimePlace): PendingAttention {
  return { name, ...built, ...(text && { text: { program: text.program, files: [...text.files(runtime)] } }) }
}

/** Files are made when somebody asks for them, once: those of other targets take longer than all else. */
function compiled(name: string, built: Built, runtime: RuntimePlace): CompiledAttention {
  let late: LateFiles | undefined
  const files = (): LateFiles => (late ??= new LateFiles(built.files(runtime)))
  return {
    name,
    ...built,
    get files() {
      return files().all()
    },
    file: (path) => files().named(path),
  }
}

export interface Check {
  readonly diagnostics: readonly Diagnostic[]
  /** What the file means; attentions with errors are left out. */
  readonly checked: CheckedFile
}

/**
 * Everything that is wrong with a file, in one go; nothing is compiled.
 *
 * @throws TypeError for a text or options of another type, and for options that there are not
 */
export function check(text: string, options: SourceOptions = {}): Check {
  const source = sourceOf(text, options, 'check')
  const { checked, diagnostics } = understand(source)
  return { checked, diagnostics: inPlaces(diagnostics, source) }
}

export interface Parse {
  /** With spans in UTF-16 code units of the text. */
  readonly file: File
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * The syntax tree of a file; names and types are not looked at.
 *
 * @throws TypeError for a text or options of another type, and for options that there are not
 */
export function parse(text: string, options: SourceOptions = {}): Parse {
  const source = sourceOf(text, options, 'parse')
  const { file, diagnostics } = parseSource(source)
  return { file, diagnostics: inPlaces(diagnostics, source) }
}

export interface Format {
  /** The file in the canonical layout; absent where it has syntax errors. */
  readonly text?: string
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * The same file in the canonical layout, comments included; formatting twice changes nothing more.
 *
 * @throws TypeError for a text or options of another type, and for options that there are not
 */
export function format(text: string, options: SourceOptions = {}): Format {
  const source = sourceOf(text, options, 'format')
  const formatted = printCanonically(source)
  return { ...formatted, diagnostics: inPlaces(formatted.diagnostics, source) }
}

/**
 * The float64 value of an attention, computed pair by pair as the language
 * defines it: slow, and what every kernel is held to.
 *
 * @param source an attn file
 * @param name of an attention in it
 * @returns a function of the call's tensors, whose result is [batch, heads, length, value_dim]; it throws a
 *   RangeError for tensors that do not have their shape. Its `logSums` says whether it takes `lse`
 * @throws RangeError where the file has errors, or no attention of that name
 */
export function reference(
  source: string,
  name: string,
): ((inputs: ReferenceInputs) => Float64Array) & { readonly logSums: boolean } {
  const model = modelNamed(source, name)
  const run = (inputs: ReferenceInputs): Float64Array => {
    requireObject(
      `reference of ${name}`,
      inputs,
      '{ q, k, v, batch: 1, heads: 1, kvHeads: 1, length: 2, keyLength: 2 }',
    )
    return interpret(model, inputs)
  }
  return Object.assign(run, { logSums: model.evaluation === 'exact' })
}

/**
 * The float64 gradients of an attention: the derivatives of the sum of out·dout, by reverse mode pair by pair.
 *
 * @param source an attn file
 * @param name of an attention in it
 * @returns a function of the call's tensors with `dout` [batch, heads, length, value_dim] beside them, whose results
 *   have the shapes of the tensors that they belong to; it throws a RangeError for tensors that do not have theirs
 * @throws RangeError where the file has errors, or no attention of that name
 */
export function referenceGradients(
  source: string,
  name: string,
): (inputs: GradientInputs) => ReferenceGradients {
  const model = modelNamed(source, name)
  return (inputs) => {
    requireObject(
      `referenceGradients of ${name}`,
      inputs,
      '{ q, k, v, dout, batch: 1, heads: 1, kvHeads: 1, length: 2, keyLength: 2 }',
    )
    return differentiate(model, inputs)
  }
}

/**
 * Holds every attention of a file to what it claims, as `attnc verify` does:
 * proofs where they can be found, and generated cases on a device. For a test
 * suite, `expect((await verify(text)).refuted).toEqual([])` says it all.
 *
 * @param text an attn file
 * @returns results by attention and property; the same seed gives the same cases
 * @throws TypeError for a text or options of another type, and for options that there are not
 * @throws RangeError for numbers and names that are not taken: where `only` names no attention of the file, `path` no case
 * @throws AttentionError of `attnc/runtime` where there is no usable device, or it fails
 */
export async function verify(text: string, options: VerifyOptions = {}): Promise<Verification> {
  // Loaded only where it is used: whoever compiles needs no generator of cases.
  const { verifyMembers, verifySource } = await import('./verification/verify.ts')
  return verifySource(sourceOf(text, options, 'verify', verifyMembers), options)
}

function modelNamed(text: string, name: string): AttentionModel {
  string(name, 'name')
  const { checked, diagnostics } = check(text)
  const wrong = diagnostics.find(isError)
  if (wrong !== undefined)
    throw new RangeError(`the spec has errors, first of them ${wrong.code}: ${wrong.message}`)
  const model = checked.attentions.find((attention) => attention.name === name)
  if (model !== undefined) return model
  throw noAttention(
    'name',
    name,
    checked.attentions.map((attention) => attention.name),
  )
}

/** Checks what a function of the library was given; `members` are those that it takes beside the name of a file. */
function sourceOf(
  text: string,
  options: SourceOptions | VerifyOptions,
  name: string,
  members: Readonly<Record<string, Member>> = {},
): Source {
  string(text, 'the text of a spec')
  checkOptions(options, name, { file: string, ...members })
  return { file: options.file ?? 'input.attn', text }
}

/** Choices of tiles by the names of attentions. */
const tunedChoices: Member = (value, name) => {
  const expected = 'the choices of attnc tune by the names of attentions'
  if (typeof value !== 'object' || value === null)
    throw new TypeError(`${name}: expected ${expected}, found ${describe(value)}`)
  for (const [attention, choices] of Object.entries(value))
    if (!areChoices(choices))
      throw new RangeError(`${name}: expected ${expected}, found ${JSON.stringify(choices)} for ${attention}`)
}

const inPlaces = (diagnostics: readonly FoundDiagnostic[], source: Source): readonly Diagnostic[] =>
  diagnostics.map((diagnostic) => placed(diagnostic, source))

const isError = ({ severity }: FoundDiagnostic): boolean => severity === 'error'

const notCompiled = ({ name, model, unsupported, text }: PendingAttention): FoundDiagnostic =>
  text === undefined
    ? messages.notCompiled(model.span, name, unsupported)
    : messages.textAlone(model.span, name, unsupported, text.program.target)
