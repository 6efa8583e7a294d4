/** What a call costs on GPUs, pass by pass: counted on its kernels, and expected of devices. */
import { invariant } from '../diagnostics/invariant.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { costOfDispatches, type DispatchCost, sizesOf } from '../schedule/cost.ts'
import type { Schedule } from '../schedule/schedule.ts'
import { evaluateSize } from '../../runtime/contract/size.ts'
import type { CallSizes, Shape, ShapeField } from '../../runtime/contract/shape.ts'
import { type Expectation, expect } from './bounds.ts'
import { type Device, peakOf } from './device.ts'
import { countDispatch, type DispatchCounts } from './dispatch.ts'
import type { Contents } from './memories.ts'

/** A pass of a call, with all its dispatches. */
export interface PassCounts {
  readonly pass: string
  /** How often it is dispatched. */
  readonly times: number
  /** Operations of one dispatch that the mathematics needs; a multiply-add is two. */
  readonly flops: number
  readonly counts: DispatchCounts
}

/** Counts a call of these sizes pass by pass, for warps of so many lanes. */
export function countPasses(
  schedule: Schedule,
  kernels: readonly Kernel[],
  sizes: Shape,
  width: number,
): readonly PassCounts[] {
  const all = costOfDispatches(schedule, sizes)
  return schedule.passes.flatMap((pass, index) => {
    const dispatches = all.filter((dispatch) => dispatch.pass === pass)
    const [first] = dispatches
    const kernel = kernels[index]
    invariant(kernel !== undefined, 'every pass has a kernel')
    if (first === undefined) return []
    const counts = countKernel(kernel, first, schedule, sizes, width)
    return [{ pass: pass.name, times: dispatches.length, flops: first.flops, counts }]
  })
}

function countKernel(
  kernel: Kernel,
  { buffers }: DispatchCost,
  schedule: Schedule,
  sizes: Shape,
  width: number,
): DispatchCounts {
  const plan = (binding: string): Schedule['buffers'][number] => {
    const name = buffers[kernel.bindings.findIndex((bound) => bound.name === binding)] ?? binding
    const found = schedule.buffers.find((buffer) => buffer.name === name)
    invariant(found !== undefined, `${name} is a buffer of the schedule`)
    return found
  }
  const sizeOf = (binding: string): number => evaluateSize(plan(binding).size, sizes)
  const contentsOf = (binding: string): Contents => integersOf(plan(binding), sizes)
  return countDispatch(kernel, { shape: sizes, width, sizeOf, contentsOf }, sizes.batch * sizes.heads)
}

/** A prime: its multiples meet every row, far from one another. */
const scattering = 7919

/**
 * Batch items are full. Other integers are numbers of rows, as those of sorted rows: in an order that has nothing to do
 * with their places.
 */
function integersOf({ role, name }: Schedule['buffers'][number], sizes: Shape): Contents {
  if (role === 'lengths') return () => sizes[countFields[name] ?? 'capacity']
  return (index) => (index * scattering) % sizes.keyLength
}

/** What the counts of batch items come to in a call without padding. */
const countFields: Readonly<Record<string, ShapeField>> = { queryLengths: 'length', positions: 'offset' }

/** What is expected of a call on a device. */
export interface CallExpectation {
  readonly passes: readonly (Expectation & {
    readonly pass: string
    readonly times: number
    readonly share: number
  })[]
  /** In seconds, from the first pass to the last, without the time between dispatches. */
  readonly time: number
  readonly ofPeak: number
  readonly ofBandwidth: number
  /** The pass that takes longest. */
  readonly hottest: string
}

/** What is expected of one call of a form, in one slice. */
export function expectForm(
  { schedule, kernels }: { readonly schedule: Schedule; readonly kernels: readonly Kernel[] },
  call: CallSizes,
  device: Device,
): CallExpectation {
  return expectCall(countPasses(schedule, kernels, sizesOf(schedule, call), device.width), device)
}

/** @param passes counted for warps of the device's width */
export function expectCall(passes: readonly PassCounts[], device: Device): CallExpectation {
  const expected = passes.map(({ pass, times, flops, counts }) => ({
    pass,
    times,
    ...expect(counts, device, flops),
  }))
  const time = expected.reduce((sum, one) => sum + one.time * one.times, 0)
  const shared = expected.map((one) => ({ ...one, share: (one.time * one.times) / time }))
  const hottest = shared.reduce((most, one) => (one.share > most.share ? one : most))
  const flops = passes.reduce((sum, one) => sum + one.flops * one.times, 0)
  return {
    passes: shared,
    time,
    ofPeak: flops / time / (1e12 * peakOf(device)),
    ofBandwidth: movedBytes(passes) / time / (1e9 * device.bandwidth),
    hottest: hottest.pass,
  }
}

/** Bytes that all dispatches of a call move from and to memory, if caches keep what the workgroups of one share. */
export const movedBytes = (passes: readonly PassCounts[]): number =>
  passes.reduce((sum, { times, counts }) => sum + times * (counts.distinct.read + counts.distinct.written), 0)

/** Bytes of all that a call is given and leaves behind, each once. */
export function bytesOfTensors({ buffers }: Schedule, sizes: Shape): number {
  const tensors = buffers.filter(({ role }) => role !== 'scratch')
  return tensors.reduce((sum, { size }) => sum + 4 * evaluateSize(size, sizes), 0)
}
