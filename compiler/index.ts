/**
 * The compiler as a library: text in, data out. Nothing here reads files or
 * needs Node.js, so that it runs in a browser too.
 *
 *     import { compile } from 'attnc'
 *     const { modules, diagnostics } = compile(text)
 */
import type { Program } from '../runtime/program.ts'
import type { OutputFile } from './codegen/module.ts'
import type { Diagnostic, Source } from './diagnostics/diagnostic.ts'
import { messages } from './diagnostics/messages.ts'
import { build, type Built, understand, type Unscheduled } from './pipeline.ts'
import { reference as interpret, type ReferenceInputs } from './reference/reference.ts'
import type { AttentionModel, CheckedFile } from './semantics/model.ts'
import type { File } from './syntax/ast.ts'
import { format as printCanonically } from './syntax/format.ts'
import { parse as parseSource } from './syntax/parse.ts'
import type { Verification, VerifyOptions } from './verification/verify.ts'

export type { Diagnostic, Severity, Source, Span } from './diagnostics/diagnostic.ts'
export type { OutputFile } from './codegen/module.ts'
export type { ReferenceInputs } from './reference/reference.ts'
export type { AttentionModel, CheckedFile } from './semantics/model.ts'
export type { File } from './syntax/ast.ts'
export type { Program } from '../runtime/program.ts'
export type { AttentionReport, Counterexample, PropertyName, PropertyResult } from './verification/report.ts'
export type { Verification, VerifyOptions } from './verification/verify.ts'

/** What kernels are written for. */
export type Target = Program['target']

export const targets: readonly Target[] = ['webgpu', 'gpujs']

export interface SourceOptions {
  /** The name to show in messages; `input.attn` where it is not given. */
  readonly file?: string
}

export interface CompileOptions extends SourceOptions {
  /** `webgpu` where it is not given. */
  readonly target?: Target
  /** One attention by name, in place of all. */
  readonly only?: string
}

export interface Compilation {
  /** Empty of errors exactly when every attention asked for is among `modules`. */
  readonly diagnostics: readonly Diagnostic[]
  /** In the order of the file; none where the file itself has errors. */
  readonly modules: readonly CompiledAttention[]
  /** Attentions that are right and that the compiler cannot compile yet. */
  readonly pending: readonly PendingAttention[]
  /** Names of all attentions that the file declares without errors, whatever `only` says. */
  readonly attentions: readonly string[]
}

/** One compiled attention: files to write, a program to run, and what each stage made of it. */
export interface CompiledAttention extends Omit<Built, 'files' | 'program'> {
  readonly name: string
  /** An ES module, its types, and its kernels to read; they import `./attnc-runtime/index.js`. */
  readonly files: readonly OutputFile[]
  /** For `createAttention` of `attnc/runtime`, without writing anything. */
  readonly program: Program
}

export interface PendingAttention extends Unscheduled {
  readonly name: string
}

/**
 * Compiles the attentions of a file.
 *
 * @param text an attn file
 * @throws RangeError for a target that there is not, and where `only` names no
 *   attention of a file without errors. What is wrong with the text is in
 *   `diagnostics`; nothing is thrown for it.
 */
export function compile(text: string, options: CompileOptions = {}): Compilation {
  const { target = 'webgpu', only } = options
  if (!targets.includes(target))
    throw new RangeError(
      `target: expected ${targets.map((known) => `'${known}'`).join(' or ')}, found '${target}'`,
    )
  const source = sourceOf(text, options)
  const { tree, checked, diagnostics } = understand(source)
  const attentions = checked.attentions.map(({ name }) => name)
  if (diagnostics.some(isError)) return { diagnostics, modules: [], pending: [], attentions }
  if (only !== undefined && !attentions.includes(only))
    throw new RangeError(
      `only: expected one of the attentions (${attentions.join(', ') || 'none'}), found '${only}'`,
    )

  const modules: CompiledAttention[] = []
  const pending: PendingAttention[] = []
  for (const model of checked.attentions) {
    if (only !== undefined && model.name !== only) continue
    const built = build(model, tree, target)
    if ('unsupported' in built) pending.push({ name: model.name, ...built })
    else modules.push({ name: model.name, ...built, files: built.files() })
  }
  return { diagnostics: [...diagnostics, ...pending.map(notCompiled)], modules, pending, attentions }
}

export interface Check {
  readonly diagnostics: readonly Diagnostic[]
  /** What the file means; attentions with errors are left out. */
  readonly checked: CheckedFile
}

/** Everything that is wrong with a file, in one go; nothing is compiled. */
export function check(text: string, options: SourceOptions = {}): Check {
  const { checked, diagnostics } = understand(sourceOf(text, options))
  return { checked, diagnostics }
}

export interface Parse {
  /** With spans in UTF-16 code units of the text. */
  readonly file: File
  readonly diagnostics: readonly Diagnostic[]
}

/** The syntax tree of a file; names and types are not looked at. */
export function parse(text: string, options: SourceOptions = {}): Parse {
  return parseSource(sourceOf(text, options))
}

export interface Format {
  /** The file in the canonical layout; absent where it has syntax errors. */
  readonly text?: string
  readonly diagnostics: readonly Diagnostic[]
}

/** The same file in the canonical layout, comments included; formatting twice changes nothing more. */
export function format(text: string, options: SourceOptions = {}): Format {
  return printCanonically(sourceOf(text, options))
}

/**
 * The float64 value of an attention, computed pair by pair as the language
 * defines it: slow, and what every kernel is held to.
 *
 * @param source an attn file
 * @param name of an attention in it
 * @returns a function of the call's tensors, whose result is [batch, heads, length, value_dim]; it throws a
 *   RangeError for tensors that do not have their shape
 * @throws RangeError where the file has errors, or no attention of that name
 */
export function reference(source: string, name: string): (inputs: ReferenceInputs) => Float64Array {
  const model = modelNamed(source, name)
  return (inputs) => interpret(model, inputs)
}

/**
 * Holds every attention of a file to what it claims, as `attnc verify` does:
 * proofs where they can be found, and generated cases on a device. For a test
 * suite, `expect((await verify(text)).refuted).toEqual([])` says it all.
 *
 * @param text an attn file
 * @returns results by attention and property; the same seed gives the same cases
 * @throws RangeError where `only` names no attention of the file, or `path` no case
 * @throws AttentionError of `attnc/runtime` where there is no usable device, or it fails
 */
export async function verify(text: string, options: VerifyOptions = {}): Promise<Verification> {
  // Loaded only where it is used: whoever compiles needs no generator of cases.
  const { verifySource } = await import('./verification/verify.ts')
  return verifySource(sourceOf(text, options), options)
}

function modelNamed(text: string, name: string): AttentionModel {
  const { checked, diagnostics } = check(text)
  const wrong = diagnostics.find(isError)
  if (wrong !== undefined)
    throw new RangeError(`the spec has errors, first of them ${wrong.code}: ${wrong.message}`)
  const model = checked.attentions.find((attention) => attention.name === name)
  if (model === undefined) {
    const names = checked.attentions.map((attention) => attention.name).join(', ')
    throw new RangeError(`expected one of the attentions ${names}, found '${name}'`)
  }
  return model
}

function sourceOf(text: string, { file = 'input.attn' }: { readonly file?: string | undefined }): Source {
  if (typeof text !== 'string')
    throw new TypeError(
      `expected the text of a spec, a string; it is ${text === null ? 'null' : typeof text}.`,
    )
  return { file, text }
}

const isError = ({ severity }: Diagnostic): boolean => severity === 'error'

const notCompiled = ({ name, model, unsupported }: PendingAttention): Diagnostic =>
  messages.notCompiled(model.span, name, unsupported)
