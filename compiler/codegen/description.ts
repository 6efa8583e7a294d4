/**
 * A compiled attention as data alone: what the stages hand to `module.ts`,
 * which writes it out, and to `programFrom`, which makes it run at once.
 */
import type {
  BufferPlan,
  CellDispatch,
  Dispatch,
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
  'format' | 'forms' | 'kernels' | 'library' | 'alternatives' | 'assembled'
> {
  /** The same attention for the other targets, in the order in which backends are tried. */
  readonly alternatives?: readonly Alternative[]
  readonly forms: Readonly<Partial<Record<FormName, FormDescription>>> & { readonly forward: FormDescription }
  /** Kernels by name, each a word that can be a file's name. */
  readonly kernels: Readonly<Record<string, KernelSource>>
}

/** The same attention for another target, described when it is asked for. */
export interface Alternative {
  readonly target: TargetName
  /** Undefined where that target has no kernels for it. */
  readonly describe: () => ProgramDescription | undefined
}

/** Forms of a program: `forward` for whole calls, `prefill` and `step` for decoding, `backward` for gradients. */
export type FormName = keyof Program['forms']

/** One form: its buffers, and its dispatches in order. Sizes are expressions of the shape of a call. */
export interface FormDescription {
  readonly chunks: Size
  /** A group is a batch item and one of these heads. */
  readonly groups: 'heads' | 'kvHeads'
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
export function programFrom(description: ProgramDescription): Program {
  const { alternatives, ...facts } = description
  const { forward, ...others } = facts.forms
  const forms = Object.entries(others).map(([name, form]) => [name, formFrom(form)])
  return {
    ...facts,
    ...(alternatives && { alternatives: loaders(alternatives) }),
    ...assembledLater(description),
    format: programFormat,
    forms: {
      forward: formFrom(forward),
      ...(Object.fromEntries(forms) as Omit<Program['forms'], 'forward'>),
    },
  }
}

const loaders = (alternatives: readonly Alternative[]): NonNullable<Program['alternatives']> =>
  Object.fromEntries(alternatives.map(({ target, describe }) => [target, async () => inMemory(describe())]))

const inMemory = (description: ProgramDescription | undefined): { readonly program?: Program } =>
  description === undefined ? {} : { program: programFrom(description) }

/** Binaries are made when they are first asked for. */
function assembledLater({ target, kernels }: ProgramDescription): Pick<Program, 'assembled'> {
  const { assemble } = targetNamed(target).language
  if (assemble === undefined) return {}
  const { plain, relaxed } = assemble(Object.values(kernels).map(({ code }) => code))
  return {
    assembled: {
      plain: async () => ({ bytes: plain() }),
      relaxed: async () => ({ bytes: relaxed() }),
    },
  }
}

function formFrom(form: FormDescription): Program['forms']['forward'] {
  return {
    chunks: (shape) => evaluateSize(form.chunks, shape),
    groups: form.groups,
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
