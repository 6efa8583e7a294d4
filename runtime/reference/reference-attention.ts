/** The float64 reference on the CPU, from the attnc package: slow, and the truth. */
import { checkCall } from './arguments/call.ts'
import type { CreateOptions, ForwardCall, Tensor } from './attention.ts'
import { BaseAttention } from './base-attention.ts'
import { inNode } from './environment.ts'
import { AttentionError, messageOf } from './errors.ts'
import type { Program } from './program.ts'

/** [B, H, L, E] of one call; tensors as in `forward`, sizes filled in, run-time weights by name. */
type Reference = (inputs: Readonly<Record<string, unknown>>) => Float64Array

interface Package {
  /** The attention `name` of the file whose text is `source`. */
  reference(source: string, name: string): Reference
}

export class ReferenceAttention extends BaseAttention {
  readonly #weights: CreateOptions['weights']
  #reference: Reference | undefined

  private constructor(program: Program, options: CreateOptions, reference: Reference) {
    super(program, 'reference', 'CPU, float64', options.projection)
    this.#weights = options.weights
    this.#reference = reference
  }

  static async open(program: Program, options: CreateOptions): Promise<ReferenceAttention> {
    let loaded: Package
    try {
      loaded = (await load('attnc')) as Package
    } catch (cause) {
      throw new AttentionError(
        'backend',
        `The backend reference is in the package attnc, which was not found (${messageOf(cause)}). Try \`npm install attnc\`.`,
        { cause },
      )
    }
    return new ReferenceAttention(program, options, loaded.reference(program.source, program.name))
  }

  async forward<T extends Tensor>(call: ForwardCall<T>): Promise<T> {
    if (this.#reference === undefined) {
      throw new AttentionError(
        'destroyed',
        `${this.name} was destroyed. Create a new attention with create().`,
      )
    }
    const { onHost, sizes, tensors, lengths } = checkCall(this.program, 'forward', call)
    if (!onHost) {
      throw new AttentionError(
        'backend',
        `${this.name}.forward: the backend reference takes Float32Array, no GPUBuffer.`,
      )
    }
    const projection = this.projection && { projection: this.projection }
    const inputs = {
      ...sizes,
      ...Object.fromEntries(tensors),
      ...(lengths && { lengths }),
      ...projection,
      ...this.#weights,
    }
    return Float32Array.from(this.#reference(inputs)) as Tensor as T
  }

  destroy(): void {
    this.#reference = undefined
  }
}

/** By a name that bundlers do not follow: a page that never asks for the reference carries no compiler. */
async function load(name: string): Promise<unknown> {
  if (inNode()) return (await import('./node/packages.ts')).importPackage(name)
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name)
}
