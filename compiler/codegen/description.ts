/**
 * A compiled attention as data alone: what the stages hand to `module.ts`,
 * which writes it out, and to `programFrom`, which makes it run at once.
 */
import type {
  Assembled,
  BufferPlan,
  CellDispatch,
  Dispatch,
  Form,
  FormName,
  GradientProgram,
  Gradients,
  KernelSource,
  Program,
  WorkgroupDispatch,
} from '../../runtime/program.ts'
import type { TargetName } from '../../runtime/contract/backends.ts'
import type { Expression } from '../symbolic/expression.ts'
import { targetNamed } from '../targets/index.ts'
import { environmentOf, evaluateScalar } from '../symbolic/evaluate.ts'
import { evaluateSize } from '../../runtime/contract/size.ts'
import type { Size } from '../../runtime/contract/size.ts'

/** A program without functions: sizes and decays are expressions, so that it can be printed or made to run. */
export interface ProgramDescription extends Omit<
  Program,
  | 'format'
  | 'forms'
  | 'kernels'
  | 'library'
  | 'alternatives'
  | 'gradients'
  | 'parameterGradients'
  | 'stateGradients'
  | 'assembled'
  | 'assembledLater'
  | 'later'
> {
  /** Its gradients as a program of their own, or why there are none, described when they are asked for. */
  readonly gradients?: () => GradientDescription | Underivable
  /** Likewise with those of its projection or of weights, where it has some. */
  readonly parameterGradients?: () => GradientDescription | Underivable
  /** Likewise of rows behind a state of sums, with that of the state, where there are such states. */
  readonly stateGradients?: () => GradientDescription | Underivable
  /** The same attention for the other targets, in the order in which backends are tried. */
  readonly alternatives?: readonly Alternative[]
  readonly forms: Readonly<Partial<Record<FormName, FormDescription>>> & { readonly forward: FormDescription }
  /** Kernels by name, each a word that can be a file's name. */
  readonly kernels: Readonly<Record<string, KernelSource>>
}

/** The gradients of a program. */
export interface GradientDescription extends Omit<ProgramDescription, 'forms'> {
  readonly forms: Readonly<Record<'backward', FormDescription>> &
    Readonly<Partial<Record<'keep' | 'rest', FormDescription>>>
}

/** Why there are no gradients, in words that go on from "has no gradients, since". */
export interface Underivable {
  readonly underivable: string
}

/** A program, or its gradients. */
export type AnyDescription = ProgramDescription | GradientDescription

/** The same attention for another target, described when it is asked for. */
export interface Alternative {
  readonly target: TargetName
  /** Undefined where that target has no kernels for it. */
  readonly describe: () => ProgramDescription | undefined
}

/** Forms of a program: `forward` for whole calls, `prefill` and `step` for decoding, `backward` for gradients. */
export type { FormName } from '../../runtime/program.ts'

/** One form: its buffers, and its dispatches in order. Sizes are expressions of the shape of a call. */
export interface FormDescription {
  readonly chunks: Size
  /** A group is a batch item and one of these heads. */
  readonly groups: 'heads' | 'kvHeads'
  readonly together?: true
  readonly rows?: 'apart'
  readonly buffers: readonly BufferDescription[]
  readonly dispatches: readonly DispatchDescription[]
}

/** One run of a kernel: over a count of workgroups, or over a box of cells of `extent` [width, height, depth]. */
export type DispatchDescription =
  | (Omit<WorkgroupDispatch, 'workgroups'> & { readonly workgroups: Size })
  | (Omit<CellDispatch, 'extent'> & { readonly extent: readonly [Size, Size, Size] })

/** A buffer of a form; `size` counts elements, of 4 bytes each. */
export interface BufferDescription extends Omit<BufferPlan, 'size' | 'value'> {
  readonly size: Size
  /** The number of each query head, in the variable `head`. */
  readonly value?: Expression
}

/** The version of the layout of a program, `Program.format`; the runtime refuses any other. */
export const programFormat = 1

/** The program in memory; the same as what the printed module exports. */
export function programFrom(description: ProgramDescription): Program
/** The same of gradients. */
export function programFrom(description: GradientDescription): GradientProgram
export function programFrom(description: AnyDescription): Program | GradientProgram {
  const { alternatives, gradients, parameterGradients, stateGradients, ...facts } = description
  const forms = Object.entries(facts.forms).map(([name, form]) => [name, formFrom(form)])
  return {
    ...facts,
    ...(alternatives && { alternatives: loaders(alternatives) }),
    ...(gradients && { gradients: described(gradients) }),
    ...(parameterGradients && { parameterGradients: described(parameterGradients) }),
    ...(stateGradients && { stateGradients: described(stateGradients) }),
    ...assembled(description),
    format: programFormat,
    forms: Object.fromEntries(forms) as unknown as Program['forms'],
  }
}

/** Made when it is first asked for. */
function described(
  gradients: NonNullable<ProgramDescription['gradients']>,
): NonNullable<Program['gradients']> {
  let made: Gradients | undefined
  const make = (): Gradients => {
    const one = gradients()
    return 'underivable' in one ? one : { program: programFrom(one) }
  }
  return async () => (made ??= make())
}

const loaders = (alternatives: readonly Alternative[]): NonNullable<Program['alternatives']> =>
  Object.fromEntries(alternatives.map(({ target, describe }) => [target, async () => inMemory(describe())]))

const inMemory = (description: ProgramDescription | undefined): { readonly program?: Program } =>
  description === undefined ? {} : { program: programFrom(description) }

/**
 * Names of the kernels that are loaded with the program, and of those that are loaded when they are needed: the ones
 * that `forward` does without, where the backend knows of such.
 */
export function kernelsByNeed({ target, forms, kernels }: AnyDescription): {
  readonly first: readonly string[]
  readonly later: readonly string[]
} {
  const names = Object.keys(kernels)
  if (!targetNamed(target).language.loadsLater) return { first: names, later: [] }
  const ofForward = new Set('forward' in forms ? forms.forward.dispatches.map(({ kernel }) => kernel) : names)
  return {
    first: names.filter((name) => ofForward.has(name)),
    later: names.filter((name) => !ofForward.has(name)),
  }
}

/** Binaries are made when they are first asked for. */
function assembled(description: AnyDescription): Pick<Program, 'assembled' | 'assembledLater'> {
  const { assemble } = targetNamed(description.target).language
  if (assemble === undefined) return {}
  const inVariants = (names: readonly string[]): Assembled => {
    const { plain, relaxed } = assemble(names.map((name) => description.kernels[name]?.code ?? ''))
    return { plain: async () => ({ bytes: plain() }), relaxed: async () => ({ bytes: relaxed() }) }
  }
  const { first, later } = kernelsByNeed(description)
  return {
    assembled: inVariants(first),
    ...(later.length > 0 && { assembledLater: inVariants(later) }),
  }
}

function formFrom(form: FormDescription): Form {
  return {
    chunks: (shape) => evaluateSize(form.chunks, shape),
    groups: form.groups,
    ...(form.together && { together: form.together }),
    ...(form.rows && { rows: form.rows }),
    buffers: form.buffers.map(({ value, ...plan }) => ({
      ...plan,
      size: (shape) => evaluateSize(plan.size, shape),
      ...(value === undefined
        ? {}
        : { value: (head: number) => evaluateScalar(value, environmentOf({ head })) }),
    })),
    dispatches: form.dispatches.map(dispatchFrom),
  }
}

function dispatchFrom(dispatch: DispatchDescription): Dispatch {
  if ('workgroups' in dispatch)
    return { ...dispatch, workgroups: (shape) => evaluateSize(dispatch.workgroups, shape) }
  const [width, height, depth] = dispatch.extent
  return {
    ...dispatch,
    extent: (shape) => [evaluateSize(width, shape), evaluateSize(height, shape), evaluateSize(depth, shape)],
  }
}
