/**
 * The compiler on one screen: a call per stage. Each stage has a folder of that
 * name, with its IR, how it is built from the one before, how it is verified
 * and how it is printed.
 */
import type { Attention } from './algebra/attention.ts'
import { fromModel } from './algebra/build.ts'
import { verify as verifyAlgebra } from './algebra/verify.ts'
import { assemble, assembleGradients, assembleText } from './assemble.ts'
import { type ProgramDescription, programFrom } from './codegen/description.ts'
import { type OutputFile, printModule } from './codegen/module.ts'
import type { RuntimePlace } from './codegen/runtime-imports.ts'
import { arrange } from './diagnostics/arrange.ts'
import type { Diagnostic, Source } from './diagnostics/diagnostic.ts'
import { formsFor, gradientsFor, type LoweredForms, stateGradientsFor } from './forms.ts'
import type { Kernel } from './kernel/kernel.ts'
import { preludeSource } from './prelude.ts'
import { featuresOf, negativeWeights, parametersOf, seesNoneAfter, undecodable } from './algebra/facts.ts'
import type { Choices } from './schedule/choices.ts'
import type { Schedule } from './schedule/schedule.ts'
import { analyze } from './semantics/analyze.ts'
import { isCausal } from './semantics/data.ts'
import { declaredTensors, isRecurrent } from './semantics/model.ts'
import type { AttentionModel, CheckedFile } from './semantics/model.ts'
import { alone } from './syntax/alone.ts'
import type { File } from './syntax/ast.ts'
import { parse } from './syntax/parse.ts'
import { print } from './syntax/print.ts'
import { alternativesTo, defaultTarget, targetNamed } from './targets/index.ts'
import type { Target } from './targets/target.ts'
import { uncompiled } from './uncompiled.ts'
import type { TargetName } from '../runtime/contract/backends.ts'
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
 * @param choices of the planner, in place of those of the model; alternatives have the model's
 */
export function build(
  model: AttentionModel,
  tree: File,
  name: TargetName = defaultTarget,
  choices?: Choices,
): Built | Unscheduled {
  const target = targetNamed(name)
  const beyond = uncompiled(model)
  if (beyond !== undefined) return asText(model, tree, target, beyond)
  const algebra = verifyAlgebra(fromModel(model))
  const forms = formsFor(target, algebra, choices)
  if ('unsupported' in forms)
    return runsAsText(model) ? asText(model, tree, target, forms.unsupported) : { model, algebra, ...forms }
  const source = print(alone(tree, model.name))
  const facts = {
    undecodable: undecodable(algebra),
    causal: seesNoneAfter(algebra.mask),
    convex: negativeWeights(algebra) === undefined,
  }
  const gradients = (of: Target, form: () => ReturnType<typeof gradientsFor>) => () => {
    const found = form()
    return 'underivable' in found ? found : assembleGradients(of, model, found, facts)
  }
  const describe = (of: Target, forms: LoweredForms, choices?: Choices): ProgramDescription => ({
    ...assemble(of, model, forms, source, facts),
    gradients: gradients(of, () => gradientsFor(of, algebra, choices)),
    ...(parametersOf(algebra).length > 0 && {
      parameterGradients: gradients(of, () => gradientsFor(of, algebra, choices, true)),
    }),
    // Where rows are kept, gradients are those of whole sequences.
    ...(facts.undecodable === undefined &&
      featuresOf(algebra) !== undefined && {
        stateGradients: gradients(of, () => stateGradientsFor(of, algebra, choices)),
      }),
  })
  const otherwise = (other: Target): ProgramDescription | undefined => {
    const forms = formsFor(other, algebra)
    return 'unsupported' in forms ? undefined : describe(other, forms)
  }
  const description = {
    ...describe(target, forms, choices),
    alternatives: alternativesTo(target).map((other) => ({
      target: other.name,
      describe: () => otherwise(other),
    })),
  }
  return {
    model,
    algebra,
    schedule: forms.forward.schedule,
    kernels: forms.forward.kernels,
    forms,
    program: programFrom(description),
    files: (runtime) => printModule(description, runtime),
  }
}

/** Whether a module of its text, which runs on the reference, stands in where a target has no kernels of it. */
const runsAsText = (model: AttentionModel): boolean =>
  isRecurrent(model) || model.output !== undefined || declaredTensors(model).length > 0

/** What no target has kernels for, as a module that carries the text, which the float64 reference reads. */
function asText(model: AttentionModel, tree: File, target: Target, unsupported: string): Unscheduled {
  const own = alone(tree, model.name)
  const causal = own.declarations.some((each) => each.kind === 'attention' && isCausal(each))
  const description = assembleText(target, model, { source: print(own), causal }, unsupported)
  return {
    model,
    unsupported,
    text: { program: programFrom(description), files: (runtime) => printModule(description, runtime) },
  }
}

export interface Built {
  readonly model: AttentionModel
  readonly algebra: Attention
  readonly schedule: Schedule
  readonly kernels: readonly Kernel[]
  readonly forms: LoweredForms
  readonly program: Program
  /** Those of the other targets are made for it, too. */
  readonly files: (runtime: RuntimePlace) => Iterable<OutputFile>
}

/** What no schedule has been written for. */
export interface Unscheduled {
  readonly model: AttentionModel
  /** Absent where the algebra has no form of it yet. */
  readonly algebra?: Attention
  /** Which mechanism, as a noun. */
  readonly unsupported: string
  /** A module without kernels, where it runs on the float64 reference and on no target. */
  readonly text?: Pick<Built, 'program' | 'files'>
}
