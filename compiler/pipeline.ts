/**
 * The compiler on one screen: a call per stage. Each stage has a folder of that
 * name, with its IR, how it is built from the one before, how it is verified
 * and how it is printed.
 */
import type { Attention } from './algebra/attention.ts'
import { fromModel } from './algebra/build.ts'
import { verify as verifyAlgebra } from './algebra/verify.ts'
import { assemble, type LoweredForm } from './assemble.ts'
import { type FormName, programFrom } from './codegen/description.ts'
import { isSpelt } from './codegen/javascript.ts'
import { type OutputFile, printModule } from './codegen/module.ts'
import { arrange } from './diagnostics/arrange.ts'
import type { Diagnostic, Source } from './diagnostics/diagnostic.ts'
import { asKernel } from './kernel/cell.ts'
import { cellKernels } from './kernel/cells/lower.ts'
import { BeyondSingle } from './kernel/check-value.ts'
import type { Kernel } from './kernel/kernel.ts'
import { lower } from './kernel/lower/lower.ts'
import { verify as verifyKernel } from './kernel/verify.ts'
import { preludeSource } from './prelude.ts'
import { schedule } from './schedule/build.ts'
import { undecodable } from './schedule/decodable.ts'
import type { Schedule } from './schedule/schedule.ts'
import { verify as verifySchedule } from './schedule/verify.ts'
import { analyze } from './semantics/analyze.ts'
import type { AttentionModel, CheckedFile } from './semantics/model.ts'
import { alone } from './syntax/alone.ts'
import type { File } from './syntax/ast.ts'
import { parse } from './syntax/parse.ts'
import { print } from './syntax/print.ts'
import type { Program } from '../runtime/program.ts'

/** Text → tree → checked spec, and everything that is wrong on the way. */
export function understand(source: Source): Understood {
  const prelude = parse({ file: 'prelude.attn', text: preludeSource })
  const { file, diagnostics } = parse(source)
  const analysis = analyze(file, prelude.file)
  return {
    tree: file,
    checked: analysis.checked,
    diagnostics: arrange([...diagnostics, ...analysis.diagnostics]),
  }
}

export interface Understood {
  readonly tree: File
  /** The attentions without errors. */
  readonly checked: CheckedFile
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Checked spec → algebra → schedule → kernels → files, and a program that runs.
 *
 * @param tree the file that declares the attention
 */
export function build(
  model: AttentionModel,
  tree: File,
  target: Program['target'] = 'webgpu',
): Built | Unscheduled {
  const algebra = verifyAlgebra(fromModel(model))
  const planned = plan(algebra, target)
  if ('unsupported' in planned) return { model, algebra, ...planned }
  const forms = formsOf(planned)
  if ('unsupported' in forms) return { model, algebra, ...forms }
  const obstacle = undecodable(algebra)
  const other = target === 'webgpu' ? 'gpujs' : 'webgpu'
  const source = print(alone(tree, model.name))
  const description = {
    ...assemble(model, forms, source, obstacle),
    alternative: () => {
      const planned = plan(algebra, other)
      const forms = 'unsupported' in planned ? planned : formsOf(planned)
      return 'unsupported' in forms ? undefined : assemble(model, forms, source, obstacle)
    },
  }
  return {
    model,
    algebra,
    schedule: planned,
    kernels: forms.forward.kernels,
    forms,
    program: programFrom(description),
    files: () => printModule(description),
  }
}

function plan(algebra: Attention, target: Program['target']): Schedule | { readonly unsupported: string } {
  const planned = schedule(algebra, target)
  if ('unsupported' in planned) return planned
  const spelt = planned.buffers.every(({ value }) => value === undefined || isSpelt(value))
  if (!spelt) return { unsupported: 'a decay by a function that JavaScript does not have' }
  return verifySchedule(planned)
}

function formsOf(forward: Schedule): Built['forms'] | { readonly unsupported: string } {
  const { prefill, step } = forward.decoding ?? {}
  try {
    return {
      forward: lowered(forward),
      ...(prefill === undefined ? {} : { prefill: lowered(prefill) }),
      ...(step === undefined ? {} : { step: lowered(step) }),
    }
  } catch (error) {
    if (error instanceof BeyondSingle)
      return { unsupported: 'constants that come to more than f32 holds, about 3.4e38,' }
    throw error
  }
}

function lowered(plan: Schedule): LoweredForm {
  const cells = cellKernels(plan)
  const kernels = cells === undefined ? lower(plan) : cells.map(asKernel)
  return {
    schedule: plan,
    kernels: kernels.map((kernel) => verifyKernel(kernel)),
    ...(cells === undefined ? {} : { cells }),
  }
}

export interface Built {
  readonly model: AttentionModel
  readonly algebra: Attention
  readonly schedule: Schedule
  readonly kernels: readonly Kernel[]
  /** Every form, `forward` among them. */
  readonly forms: Readonly<Partial<Record<FormName, LoweredForm>>> & { readonly forward: LoweredForm }
  readonly program: Program
  /** Those of the other target are made for it, too. */
  readonly files: () => readonly OutputFile[]
}

/** What no schedule has been written for. */
export interface Unscheduled {
  readonly model: AttentionModel
  readonly algebra: Attention
  /** Which mechanism, as a noun. */
  readonly unsupported: string
}
