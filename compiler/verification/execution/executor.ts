/**
 * What runs an attention that is to be verified: a device, the float64
 * reference, or an interpreter. Properties see executors alone, so that one
 * check serves all of them.
 */
import type { AttentionModel } from '../../semantics/model.ts'
import type { Backend, CreateOptions } from '../../../runtime/index.ts'
import type { ProjectionLaw } from '../../../runtime/contract/projections.ts'
import type { CallSizes } from '../../../runtime/contract/shape.ts'

/** How tensors are kept between calls; arithmetic is f32. */
export type Storage = NonNullable<CreateOptions['storage']>

/** The storages that there are, the usual one first. */
export const storages = ['f32', 'f16'] as const satisfies readonly Storage[]

/** The tensors of one call, in the shapes of a generated module's `forward`. */
export interface Call extends CallSizes {
  readonly q: Float32Array
  readonly k: Float32Array
  readonly v: Float32Array
  /** [batch, heads, length, valueDim], of calls for gradients. */
  readonly dout?: Float32Array
  /** Declared inputs by name. */
  readonly inputs?: Weights
  readonly lengths?: readonly number[]
  readonly queryLengths?: readonly number[]
}

/** A call for gradients; `wrt` names parameters by which they are taken, too. */
export type GradientCall = Call & {
  readonly dout: Float32Array
  readonly wrt?: readonly ('projection' | 'weights')[]
}

/** In the shapes of the tensors that they belong to. */
export interface Gradients {
  readonly dq: Float32Array
  readonly dk: Float32Array
  readonly dv: Float32Array
  readonly dprojection?: Float32Array
  readonly dweights?: Weights
}

export interface Executor {
  /** [projections, dim] in use; undefined where nothing is projected. */
  readonly projection: Float32Array | undefined
  redraw(seed: number): void
  /** [batch, heads, length, valueDim] */
  forward(call: Call): Promise<Float32Array>
  /**
   * As `forward`, with the first `prefixes` rows of each batch item given at once and the others one by one; absent
   * where it has no such form.
   */
  readonly decode?: (call: Call, prefixes: readonly number[]) => Promise<Float32Array>
  /** The gradients of Σ out·dout; absent where it has none. */
  readonly backward?: (call: GradientCall) => Promise<Gradients>
  /** Why the kernels of these gradients cannot be made here, in words that go on from "has no gradients, since". */
  readonly underivable?: () => Promise<string | undefined>
  destroy(): void
}

export interface Platform {
  readonly backend: Backend | 'interpreter'
  readonly device: string
  /**
   * @param weights run-time weights by name, where the attention has them
   * @param storage of tensors, where the platform has a choice
   */
  open(model: AttentionModel, weights?: Weights, storage?: Storage): Promise<Executor | Unsupported>
  /** The distribution that `redraw` draws from; rows, dim and law are the options'. */
  draw(options: ProjectionLaw): Float32Array
}

export type Weights = Readonly<Record<string, Float32Array>>

/** There are no kernels for this attention on this platform. */
export interface Unsupported {
  /** As a noun, such as `landmarks`. */
  readonly unsupported: string
}
