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
import { environmentOf, evaluateScalar } from '../symbolic/evaluate.ts'
import { evaluateSize } from '../../runtime/contract/size.ts'
import type { Size } from '../../runtime/contract/size.ts'

export interface ProgramDescription extends Omit<
  Program,
  'format' | 'forms' | 'kernels' | 'library' | 'alternatives'
> {
  /** For the other targets, in order. */
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

export type FormName = keyof Program['forms']

export interface FormDescription {
  readonly chunks: Size
  /** What a group is, beside a batch item. */
  readonly groups: 'heads' | 'kvHeads'
  readonly rows?: 'apart'
  readonly buffers: readonly BufferDescription[]
  readonly dispatches: readonly DispatchDescription[]
}

export type DispatchDescription =
  | (Omit<WorkgroupDispatch, 'workgroups'> & { readonly workgroups: Size })
  | (Omit<CellDispatch, 'extent'> & { readonly extent: readonly [Size, Size, Size] })

export interface BufferDescription extends Omit<BufferPlan, 'size' | 'value'> {
  readonly size: Size
  /** In the variable `head`. */
  readonly value?: Expression
}

/** Of `Program.format`; the runtime refuses another. */
export const programFormat = 1

/** The program in memory; the same as what the printed module exports. */
export function programFrom(description: ProgramDescription): Program {
  const { alternatives, ...facts } = description
  const { forward, ...others } = facts.forms
  const forms = Object.entries(others).map(([name, form]) => [name, formFrom(form)])
  return {
    ...facts,
    ...(alternatives && { alternatives: loaders(alternatives) }),
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
