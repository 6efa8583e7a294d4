/**
 * How long a dispatch takes on a device at least, by each of its units, and what limits it.
 *
 * Each unit is taken to work without a pause; the longest of them is the expected time. Work is spread over the cores as
 * evenly as whole workgroups allow. Waiting is a unit of its own: where too few warps are at hand, latencies are not
 * hidden.
 */
import { sectorBytes } from './accesses.ts'
import type { Counts } from './counts.ts'
import { type Device, peakOf } from './device.ts'
import type { DispatchCounts } from './dispatch.ts'

/** Parts of a device that may be what a dispatch waits for, by what a reader calls them. */
export const units = [
  'multipliers',
  'integers',
  'special functions',
  'instructions',
  'load unit',
  'workgroup memory',
  'cache',
  'memory',
  'latency',
] as const
export type Unit = (typeof units)[number]

/** What is expected of a dispatch. */
export interface Expectation {
  /** In seconds. */
  readonly time: number
  readonly bounds: Readonly<Record<Unit, number>>
  readonly limit: Unit
  /** Of the device's f32 arithmetic, by operations that the mathematics needs. */
  readonly ofPeak: number
  /** Of the bandwidth of memory, by bytes that have to move once. */
  readonly ofBandwidth: number
  /** Warps at hand on a core, of those that it has room for. */
  readonly occupancy: number
}

/** Cycles between two instructions of one warp of which the second often needs the first, and at a barrier. */
const betweenInstructions = 2
const atBarrier = 30

/** @param flops that the dispatch is for */
export function expect(dispatch: DispatchCounts, device: Device, flops: number): Expectation {
  const { workgroups, distinct, counts, heaviest } = dispatch
  const busyCores = Math.min(device.cores, workgroups)
  const perCore = workgroups / device.cores
  // The core with the most workgroups is the last to end.
  const uneven = Math.ceil(perCore) / perCore
  const second = 1e9 * device.clock
  const [wait, warps] = [waiting(dispatch, device), warpsAtHand(dispatch, device)]
  const core = (of: (counts: Counts) => number): number =>
    Math.max((of(counts) / device.cores) * uneven, of(heaviest)) / second
  const lines = (of: Counts): number => of.lines / device.lines
  const turns = (of: Counts): number => of.turns / device.turns
  const bytes = distinct.read + distinct.written
  const missed = (counts.sectorsRead + counts.sectorsWritten) * sectorBytes
  const bounds: Record<Unit, number> = {
    multipliers: core((of) => (of.multiplyAdds + of.floats) / device.floats),
    integers: core((of) => of.integers / device.integers),
    'special functions': core((of) => of.specials / device.specials),
    instructions: core((of) => of.instructions / device.issue),
    'load unit': core((of) => lines(of) + (device.unified ? turns(of) : 0)),
    'workgroup memory': core(turns),
    cache: missed / (1e9 * device.cacheBandwidth),
    memory: bytes / (1e9 * device.bandwidth),
    latency:
      Math.max(wait(counts) / (busyCores * warps), wait(heaviest) / warpsOf(dispatch, device)) / second,
  }
  const limit = units.reduce((most, unit) => (bounds[unit] > bounds[most] ? unit : most))
  const time = bounds[limit]
  return {
    time,
    bounds,
    limit,
    ofPeak: flops / time / (1e12 * peakOf(device)),
    ofBandwidth: bytes / time / (1e9 * device.bandwidth),
    occupancy: warps / device.warps,
  }
}

const warpsOf = ({ threads }: DispatchCounts, { width }: Device): number => Math.ceil(threads / width)

/** Cycles that warps wait, one after another. */
function waiting({ counts, distinct }: DispatchCounts, device: Device): (of: Counts) => number {
  const { own, cache, memory, shared } = device.latency
  const share = (some: number, all: number): number => (all === 0 ? 0 : Math.min(1, some / all))
  const beyondCore = share(counts.sectorsRead, counts.sectors)
  const beyondCache = share(distinct.read, counts.sectorsRead * sectorBytes)
  const wait = own + beyondCore * (cache - own + beyondCache * (memory - cache))
  return ({ waits, sharedWaits, barriers, instructions }) =>
    waits * wait + sharedWaits * shared + barriers * atBarrier + instructions * betweenInstructions
}

/** Warps of a core at a time: as many as there are, and as it has room for. */
function warpsAtHand(dispatch: DispatchCounts, device: Device): number {
  const warps = warpsOf(dispatch, device)
  const room = Math.max(1, roomFor(dispatch, device, warps))
  return Math.min(room, Math.ceil(dispatch.workgroups / device.cores)) * warps
}

/** Workgroups that a core has room for at a time. */
function roomFor({ registers, threads, sharedBytes }: DispatchCounts, device: Device, warps: number): number {
  const ofRegisters = Math.floor(
    device.registers / (Math.min(255, registers) * Math.max(threads, device.width)),
  )
  const ofMemory = sharedBytes === 0 ? device.workgroups : Math.floor(device.sharedBytes / sharedBytes)
  return Math.min(device.workgroups, Math.floor(device.warps / warps), ofRegisters, ofMemory)
}
