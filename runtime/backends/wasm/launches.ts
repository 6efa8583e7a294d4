/** A form as a list of kernels with their tables, for one call. */
import { present } from '../../arguments/form.ts'
import { slicesOf } from '../../calls/slices.ts'
import { alignment } from '../../contract/kernel-table.ts'
import { shapeFields } from '../../contract/shape.ts'
import type { Shape } from '../../contract/shape.ts'
import type { BufferPlan, Form, Runnable, WorkgroupDispatch } from '../../program.ts'
import type { Kernels } from './kernels.ts'

/** One kernel's part of a call. */
export interface Launch {
  readonly module: Kernels
  /** Among the module's exports. */
  readonly kernel: number
  readonly workgroups: number
  /** But for its last word, which is the scratch of whoever runs the kernel. */
  readonly table: readonly number[]
}

/** The scratch of the threads, one behind the other. */
export interface ThreadScratch {
  readonly address: number
  /** Of each. */
  readonly bytes: number
}

/** Where a buffer lies, and how many numbers it has. */
export interface Place {
  readonly address: number
  readonly size: number
}

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
  /** The names of what goes out. */
  readonly outputs: readonly string[]
  readonly scratch: readonly BufferPlan[]
  /** The others: constants and states. */
  readonly kept: readonly BufferPlan[]
  /** Bytes of scratch that a thread needs. */
  readonly threadBytes: number

  constructor({ kernels }: Runnable, form: Form) {
    const ofRoles = (...roles: readonly BufferPlan['role'][]): BufferPlan[] =>
      form.buffers.filter(({ role }) => roles.includes(role))
    this.form = form
    // `open.ts` is given programs for WebAssembly alone.
    this.dispatches = form.dispatches as readonly WorkgroupDispatch[]
    this.outputs = ofRoles('output').map(({ name }) => name)
    this.own = ofRoles('input', 'data', 'output', 'lengths', 'heads')
    // What is kept for gradients is there already, for each slice.
    this.scratch = ofRoles('scratch').filter(({ kept }) => !kept)
    this.kept = ofRoles('state', 'projection', 'factors', 'weight')
    const bytes = this.dispatches.map(
      ({ kernel }) => present(kernels[kernel], `kernel ${kernel}`).workgroupBytes,
    )
    this.threadBytes = Math.ceil(Math.max(0, ...bytes) / LINE) * LINE
  }

  /** Slices whose scratch fits into so many bytes, where groups alone do. */
  slices(whole: Shape, bytes: number): readonly Shape[] {
    return slicesOf(
      whole,
      (shape) =>
        this.scratch.every(({ size }) => size(shape) * 4 <= SCRATCH_BYTES) &&
        bytesOf(this.scratch, shape) <= bytes,
      this.form,
    )
  }

  /**
   * @param modules of which one or another has each kernel
   * @param own buffers of each slice
   */
  launches(
    modules: readonly Kernels[],
    slices: readonly Shape[],
    blocks: ReadonlyMap<string, Place>,
    own?: readonly ReadonlyMap<string, Place>[],
  ): Launch[] {
    const launches: Launch[] = []
    for (const shape of slices)
      for (const dispatch of this.dispatches) {
        const workgroups = dispatch.workgroups(shape)
        if (workgroups === 0) continue
        const { kernel } = dispatch
        const module = present(
          modules.find(({ places }) => places.has(kernel)),
          `kernel ${kernel} for WebAssembly`,
        )
        const table: number[] = []
        for (const name of dispatch.buffers) {
          const { address, size } = present(
            own?.[slices.indexOf(shape)]?.get(name) ?? blocks.get(name),
            `buffer ${name}`,
          )
          table.push(address, size)
        }
        for (const field of shapeFields) table.push(shape[field])
        table.push(0)
        launches.push({ module, kernel: present(module.places.get(kernel), kernel), workgroups, table })
      }
    return launches
  }
}

/** A buffer of a call, and where it lies. */
interface Laid {
  readonly plan: BufferPlan
  readonly block: Place
}

/** The bytes of these buffers, one behind the other. */
export const bytesOf = (plans: readonly BufferPlan[], shape: Shape): number =>
  plans.reduce((all, { size }) => all + aligned(size(shape) * 4), 0)

/** Where each of them lies from an address on. */
export function laidOut(plans: readonly BufferPlan[], shape: Shape, address: number): readonly Laid[] {
  let next = address
  return plans.map((plan) => {
    const block = { address: next, size: plan.size(shape) }
    next += aligned(block.size * 4)
    return { plan, block }
  })
}

const aligned = (bytes: number): number => Math.max(1, Math.ceil(bytes / alignment)) * alignment
