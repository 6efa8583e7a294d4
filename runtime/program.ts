/**
 * What a generated module hands to the runtime: everything about one compiled
 * attention that running it needs, and nothing about how it was derived.
 * Plain data and small functions of the shape; no dependency.
 */

import type { WideTensor } from './attention.ts'
import type { BackendName, TargetName } from './contract/backends.ts'
import type { ProjectionLaw } from './contract/projections.ts'
import type { Shape, ShapeField } from './contract/shape.ts'
import type { TensorPlan } from './contract/tensors.ts'
import type { WeightName } from './contract/weights.ts'

export interface Program {
  /** Of this description; the runtime refuses another. */
  readonly format: 1
  readonly name: string
  readonly dim: number
  readonly valueDim: number
  /** r, the length of φ(x); 0 where nothing is factorised. */
  readonly features: number
  readonly causal: boolean
  /** Each row of the result is a mean of rows of v, with weights ≥ 0: no number of it is larger than the largest of v. */
  readonly convex?: true
  readonly target: TargetName
  /** What alone runs it, where it has no kernels. */
  readonly only?: BackendName
  readonly projection?: ProjectionLaw
  /** The rows of q serve as keys, too: a call has as many keys as queries, and k is not read. */
  readonly keysAreQueries?: true
  /** Rows of q and of k that a call may have: with more, integers of its mask would not be exact. */
  readonly longest?: number
  /** Why it has no prefill and no step, where it has none: words that go on from "cannot decode, since". */
  readonly undecodable?: string
  /** It has no kernels: what of it no target computes yet, as a noun. Its text runs on the float64 reference. */
  readonly uncompiled?: string
  /** Inputs of each call and weights of `create` that the file declares. */
  readonly tensors?: readonly TensorPlan[]
  /** Rows of queries see inputs of keys, or the other way round: a call has as many of both. */
  readonly sameRows?: true
  /** Takes the inputs of a call; `create` adds it where the file declares tensors. */
  readonly takeInputs?: TakeInputs | undefined
  /** Run-time weights the module must be given, by name. */
  readonly weights: readonly WeightPlan[]
  /** The attention and its features as text in the canonical layout, for backends that these kernels are not for. */
  readonly source: string
  /** The same attention compiled for other targets, where they have kernels for it; loaded when one is needed. */
  readonly alternatives?: Readonly<Partial<Record<TargetName, () => Promise<{ readonly program?: Program }>>>>
  /** The package that the backend needs, as whoever bundles the module finds it. */
  readonly library?: () => Promise<unknown>
  readonly forms: {
    readonly forward: Form
    readonly prefill?: Form
    readonly step?: Form
    /** As `prefill`, behind the rows of a state, where it is not for these itself. */
    readonly resume?: Form
  }
  /** A program whose form `backward` computes gradients, with kernels of its own; loaded when they are asked for. */
  readonly gradients?: () => Promise<Gradients>
  /** Likewise with the gradients of what it is given beside q, k and v, its projection or weights; absent without any. */
  readonly parameterGradients?: () => Promise<Gradients>
  /** The same of rows behind a state of sums, with that of the state, where there are such states. */
  readonly stateGradients?: () => Promise<Gradients>
  /** Where its sizes count words of two numbers of f16: the same program in numbers of f32, as its gradients are. */
  readonly singles?: Program
  /** By kernel name. */
  readonly kernels: Readonly<Record<string, KernelSource>>
  /** The forms of decoding with kernels that `forward` does without, where these are apart; loaded when they are needed. */
  readonly later?: () => Promise<Later>
  /** Of the target wasm: the kernels of `forward` as one module in each variant; the one that fits the engine is loaded. */
  readonly assembled?: Assembled
  /** Kernels of decoding that are not among those, likewise; loaded when they are needed. */
  readonly assembledLater?: Assembled
}

/** What a program has beside `forward`. */
export interface Later {
  readonly forms: Omit<Program['forms'], 'forward'>
  readonly kernels: Program['kernels']
}

/** Whole calls, the forms of decoding, and gradients: at once, or what is kept for them and the rest. */
export type FormName = 'forward' | 'prefill' | 'resume' | 'step' | 'backward' | 'keep' | 'rest'

/** Adds the inputs of a call, checked, to its tensors. */
export type TakeInputs = (
  where: string,
  program: Program,
  given: Readonly<Record<string, unknown>>,
  sizes: Omit<Shape, 'chunks' | 'sliceStart' | 'sliceCount'>,
  tensors: Map<string, WideTensor>,
) => void

/** Forms with their kernels: what engines run. */
export interface Runnable extends Omit<Program, 'forms'> {
  readonly forms: Readonly<Partial<Record<FormName, Form>>>
}

/** The gradients of a program. */
export interface GradientProgram extends Omit<Program, 'forms'> {
  readonly forms: {
    readonly backward: Form
    /** Where `backward` computes forward anew: that part of it alone, which leaves `out`, and what `rest` reads of it. */
    readonly keep?: Form
    /** From what `keep` left to the gradients. Both are cut in the slices of `backward`. */
    readonly rest?: Form
  }
}

/** The module of a program's gradients. */
export interface Gradients {
  readonly program?: GradientProgram
  /** Why there are none, in words that go on from "has no gradients, since". */
  readonly underivable?: string
}

/** Kernels as one module, in each variant. */
export type Assembled = Readonly<Record<WasmVariant, () => Promise<AssembledKernels>>>

/** `relaxed` has fused multiplications and additions, which not every engine knows. */
export type WasmVariant = 'plain' | 'relaxed'

/** A module of WebAssembly, as `contract/kernel-table.ts` describes it. */
export interface AssembledKernels {
  /** In hexadecimal, of which compression in transit makes a third less than of base64. */
  readonly bytes: string
}

export interface WeightPlan {
  readonly name: WeightName
  /** f32 numbers per head. */
  readonly perHead: number
  /**
   * They are so many for each key row of the longest call: [heads, perHead, rows]. A
   * kernel finds the rows from the length of its buffer.
   */
  readonly perKeyRow?: true
  /** The weight that is used where this one is not given. */
  readonly otherwise?: WeightName
}

/**
 * For webgpu a WGSL module. For gpujs the text of a function of gpu.js, run
 * once for each cell of what is written: it takes the buffers that it reads as
 * flat arrays of numbers, in binding order, then `integers`, and returns the
 * cell's number. Its last binding is the one that is written; workgroups are of
 * one thread, without memory.
 */
export interface KernelSource {
  readonly code: string
  readonly workgroupSize: number
  /** In binding order; for webgpu after the shape uniform, which is binding 0. */
  readonly bindings: readonly { readonly name: string; readonly access: 'read' | 'read_write' }[]
  /** Bytes of workgroup memory. */
  readonly workgroupBytes: number
  /** Of the target gpujs: fields of the shape, and how many elements a binding has. */
  readonly integers?: readonly CellInteger[]
}

/** `keyLength`, or `compressKeys.length` for the elements of the binding compressKeys. */
export type CellInteger = ShapeField | `${string}.length`

/** One way of running: its buffers and the dispatches in order. */
export interface Form {
  /** The shape's `chunks`, from its other fields. */
  readonly chunks: (shape: Shape) => number
  /**
   * A group is a batch item and one of these heads. Groups share no scratch: a
   * call whose scratch would be too large runs its dispatches slice by slice.
   */
  readonly groups: 'heads' | 'kvHeads'
  /** All query heads of a key/value head are in one slice, because it writes what they have in common. */
  readonly together?: true
  /**
   * No query row needs another: dispatches may be run for a block of the call's
   * rows, with `offset` as the first one. A form with a state takes the blocks in
   * turn, each with the rows of k and v that came with it.
   */
  readonly rows?: 'apart'
  readonly buffers: readonly BufferPlan[]
  readonly dispatches: readonly Dispatch[]
}

export interface BufferPlan {
  readonly name: string
  /**
   * input: given by the caller · data: of the `inputs` that the file declares, likewise · output: returned · scratch: free for reuse when
   * the call's dispatches are done · projection, lengths, weight: kept by the runtime ·
   * factors: of the projection that is drawn (`hadamardTable`), kept likewise ·
   * state: carried from call to call · heads: a number of each query head, by `value`
   */
  readonly role:
    | 'input'
    | 'data'
    | 'output'
    | 'scratch'
    | 'projection'
    | 'factors'
    | 'lengths'
    | 'weight'
    | 'state'
    | 'heads'
  /** Of the role `heads`: log₂ of what query head 0, 1, … has in (0, 1]. */
  readonly value?: (head: number) => number
  readonly element: 'f32' | 'u32'
  /** In elements. Only that of a scratch buffer depends on the slice. */
  readonly size: (shape: Shape) => number
  /** Of the role `scratch`: what `keep` leaves for `rest`, of each slice. */
  readonly kept?: true
  /** Of the role `output`: one for the whole call, of which each slice has a part; the call's is their sum. */
  readonly total?: true
  /**
   * Of the role `state`, in the form `step`: the last `features` numbers of each group are logarithms, whose digits after
   * the point count.
   */
  readonly scales?: true
}

export type Dispatch = WorkgroupDispatch | CellDispatch

/** Of the targets webgpu and wasm. */
export interface WorkgroupDispatch {
  /** A key of `kernels`. */
  readonly kernel: string
  /** Linear count; the runtime folds it into two dimensions. */
  readonly workgroups: (shape: Shape) => number
  /** Where it is for projections of one kind alone: drawn from `Program.projection`, or a matrix of the caller's. */
  readonly when?: 'drawn' | 'given'
  /** Buffer names in the kernel's binding order. */
  readonly buffers: readonly string[]
}

/**
 * Of the target gpujs: each cell of the last buffer is written once, from the
 * buffers before it. Where the last is among those, they are its old contents.
 */
export interface CellDispatch {
  /** A key of `kernels`. */
  readonly kernel: string
  /**
   * Width, height and depth of the box of cells. Cell (x, y, z) is element
   * (z·height + y)·width + x, and there are as many cells as elements.
   */
  readonly extent: (shape: Shape) => readonly [number, number, number]
  /** Buffer names in the kernel's binding order. */
  readonly buffers: readonly string[]
}
