/** All that a dispatch does, counted on the workgroups that stand for the others. */
import type { Kernel } from '../kernel/kernel.ts'
import { sharedBytes } from '../kernel/target.ts'
import { sectorBytes } from './accesses.ts'
import { Counter, type Situation } from './counter.ts'
import { type Counts, weigh } from './counts.ts'
import { digitsOf } from './digits.ts'
import { registersOf } from './registers.ts'
import { representatives } from './sample.ts'

/** A dispatch of a kernel, for warps of one width. */
export interface DispatchCounts {
  readonly kernel: string
  readonly workgroups: number
  readonly threads: number
  /** Of workgroup memory. */
  readonly sharedBytes: number
  /** Of a thread, estimated. */
  readonly registers: number
  /** Over all workgroups. */
  readonly counts: Counts
  /** Of the workgroup with the most instructions. */
  readonly heaviest: Counts
  /** Bytes that move from and to memory if caches hold what workgroups share: every sector once. */
  readonly distinct: { readonly read: number; readonly written: number }
  /** How many workgroups were run to count. */
  readonly counted: number
}

/** @param alike how many equal parts the work has, as heads are */
export function countDispatch(kernel: Kernel, situation: Situation, alike: number): DispatchCounts {
  const counter = new Counter(kernel, situation)
  const bases = digitsOf(kernel, counter.workgroups, counter.evaluate, alike)
  const chosen = representatives(bases, (workgroup) => counter.executions(workgroup))
  const sums = { read: new Map<string, number>(), written: new Map<string, number>() }
  const terms = chosen.map(({ workgroup, weight }) => {
    const counts = counter.count(workgroup)
    const { read, written } = counter.footprints()
    for (const [found, sum] of [
      [read, sums.read],
      [written, sums.written],
    ] as const)
      for (const [name, sectors] of found) sum.set(name, (sum.get(name) ?? 0) + sectors * weight)
    return { counts, weight }
  })
  const heaviest = terms.reduce((most, term) =>
    term.counts.instructions > most.counts.instructions ? term : most,
  )
  const distinct = (sum: ReadonlyMap<string, number>): number =>
    [...sum].reduce(
      (bytes, [name, sectors]) => bytes + Math.min(sectors * sectorBytes, situation.sizeOf(name) * 4),
      0,
    )
  return {
    kernel: kernel.name,
    workgroups: counter.workgroups,
    threads: kernel.workgroupSize,
    sharedBytes: sharedBytes(kernel),
    registers: registersOf(kernel),
    counts: weigh(terms),
    heaviest: heaviest.counts,
    distinct: { read: distinct(sums.read), written: distinct(sums.written) },
    counted: chosen.length,
  }
}
