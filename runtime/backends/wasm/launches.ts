/** A form as a list of kernels with their tables, for one call. */
import { present } from '../../arguments/form.ts'
import { slicesOf } from '../../calls/slices.ts'
import { alignment } from '../../contract/kernel-table.ts'
import { shapeFields } from '../../contract/shape.ts'
import type { Shape } from '../../contract/shape.ts'
import type { BufferPlan, Form, Program, WorkgroupDispatch } from '../../program.ts'
import type { Block } from './blocks.ts'
import type { Kernels } from './kernels.ts'
import type { Launch } from './machine.ts'

export type Blocks = ReadonlyMap<string, Pick<Block, 'address' | 'size'>>

/** No more for one scratch buffer, even where there is memory for it: slices that fit a cache are as fast. */
const SCRATCH_BYTES = 2 ** 26

/** Bytes between the scratch of two threads: no two of them write into one line of a cache. */
const LINE = 64

/** What a form wants from its call, and what it works with. */
export class FormPlan {
  readonly form: Form
  readonly dispatches: readonly WorkgroupDispatch[]
  /** Buffers of the call's own: what comes in and goes out. */
  readonly own: readonly BufferPlan[]
  readonly scratch: readonly BufferPlan[]
  /** The others: constants and states. */
  readonly kept: readonly BufferPlan[]
  /** Bytes of scratch that a thread needs. */
  readonly threadBytes: number

  constructor({ kernels }: Program, form: Form) {
    const ofRoles = (...roles: readonly BufferPlan['role'][]): BufferPlan[] =>
      form.buffers.filter(({ role }) => roles.includes(role))
    this.form = form
    // `open.ts` is given programs for WebAssembly alone.
    this.dispatches = form.dispatches as readonly WorkgroupDispatch[]
    this.own = ofRoles('input', 'output', 'lengths', 'heads')
    this.scratch = ofRoles('scratch')
    this.kept = ofRoles('state', 'projection', 'factors', 'weight')
    const bytes = this.dispatches.map(({ kernel }) => kernels[kernel]?.workgroupBytes ?? 0)
    this.threadBytes = Math.ceil(Math.max(0, ...bytes) / LINE) * LINE
  }

  /** Slices whose scratch fits into so many bytes, where groups alone do. */
  slices(whole: Shape, bytes: number): readonly Shape[] {
    return slicesOf(this.form, whole, (shape) => {
      const sizes = this.scratch.map(({ size }) => size(shape) * 4)
      return sizes.every((size) => size <= SCRATCH_BYTES) && sum(sizes) <= bytes
    })
  }

  /** Bytes of the scratch buffers of a slice. */
  scratchBytes(slice: Shape): number {
    return sum(this.scratch.map(({ size }) => aligned(size(slice) * 4)))
  }

  launches(kernels: Kernels, slices: readonly Shape[], blocks: Blocks): Launch[] {
    const bound = this.dispatches.map(({ kernel, workgroups, buffers }) => ({
      kernel: present(kernels.places.get(kernel), `kernel ${kernel} for WebAssembly`),
      workgroups,
      bindings: buffers.flatMap((name) => {
        const { address, size } = present(blocks.get(name), `buffer ${name}`)
        return [address, size]
      }),
    }))
    return slices.flatMap((shape) => {
      const sizes = shapeFields.map((field) => shape[field])
      return bound
        .map(({ kernel, workgroups, bindings }) => ({
          kernel,
          workgroups: workgroups(shape),
          table: [...bindings, ...sizes, 0],
        }))
        .filter(({ workgroups }) => workgroups > 0)
    })
  }
}

/** A buffer of a call, and where it lies. */
interface Laid {
  readonly plan: BufferPlan
  readonly block: Pick<Block, 'address' | 'size'>
}

/** Where each of these buffers lies from an address on, and where they end. */
export function laidOut(
  plans: readonly BufferPlan[],
  shape: Shape,
  address: number,
): { readonly laid: readonly Laid[]; readonly end: number } {
  let end = address
  const laid = plans.map((plan) => {
    const block = { address: end, size: plan.size(shape) }
    end += aligned(block.size * 4)
    return { plan, block }
  })
  return { laid, end }
}

/** By their names. */
export const blocksOf = (laid: readonly Laid[]): [string, Laid['block']][] =>
  laid.map(({ plan, block }) => [plan.name, block])

const aligned = (bytes: number): number => Math.max(1, Math.ceil(bytes / alignment)) * alignment

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
