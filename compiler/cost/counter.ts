/** A kernel made ready to be counted, for warps of one width and calls of one shape. */
import type { Readable } from '../kernel/interpret/access.ts'
import { enter, type Frame } from '../kernel/interpret/frame.ts'
import { Scope } from '../kernel/interpret/scope.ts'
import type { Machine } from '../kernel/interpret/text.ts'
import { compileValue, type Evaluate } from '../kernel/interpret/values.ts'
import type { Kernel, Value } from '../kernel/kernel.ts'
import { typeOf } from '../kernel/target.ts'
import type { Shape } from '../../runtime/contract/shape.ts'
import type { Counts } from './counts.ts'
import { total } from './instructions.ts'
import type { GroupAction, Lockstep, Warp } from './block.ts'
import { compileForWarps } from './lockstep.ts'
import { Footprint } from './footprint.ts'
import { type Contents, CountedArray, CountedBuffer, unknown } from './memories.ts'
import { neededNames } from './needed.ts'
import { Numbering, Place } from './numbering.ts'
import { GlobalSite, SharedSite, type Site } from './sites.ts'

/** What a kernel is counted for. */
export interface Situation {
  readonly shape: Shape
  /** Lanes of a warp: 16, 32 or 64. */
  readonly width: number
  /** Elements of a buffer. */
  readonly sizeOf: (buffer: string) => number
  /** What a buffer of integers holds; it says what way a kernel takes. */
  readonly contentsOf: (buffer: string) => Contents
}

/** Runs single workgroups of a kernel, and counts. */
export class Counter {
  /** How many workgroups the dispatch has. */
  readonly workgroups: number
  /** The value of an expression of the shape alone. */
  readonly evaluate: (value: Value) => number
  readonly #width: number
  readonly #machine: Machine
  readonly #frames: readonly Frame[]
  readonly #warps: readonly Warp[]
  readonly #run: GroupAction
  readonly #places: Place[] = []
  readonly #sites: Site[] = []
  readonly #read = new Map<string, Footprint>()
  readonly #written = new Map<string, Footprint>()
  readonly #barriers: readonly Place[]
  #looking = false

  /** @param kernel verified, as `verify` returns it */
  constructor(kernel: Kernel, situation: Situation) {
    const { width, shape, sizeOf, contentsOf } = situation
    const { bindings, shared, body, workgroupSize, count } = kernel
    this.#width = width
    const memory = new Map<string, Readable>([
      ...bindings.map(({ name, element }): [string, Readable] => [
        name,
        new CountedBuffer(sizeOf(name), element === 'u32' ? contentsOf(name) : () => unknown),
      ]),
      ...shared.map(({ name, length, element }): [string, Readable] => [
        name,
        new CountedArray(length, element === 'u32'),
      ]),
    ])
    const scope = Scope.of(memory)
    this.#machine = { memory, shape }
    const top = new Place(undefined, false)
    this.#places.push(top)
    const numbering = new Numbering(top)
    const newPlace = (isLoop: boolean): Place => {
      const place = new Place(numbering.place, isLoop)
      this.#places.push(place)
      return place
    }
    const barriers: Place[] = []
    const run: Lockstep = {
      machine: this.#machine,
      numbering,
      needed: neededNames(body),
      newPlace,
      site: (access, inner) => this.#site(access, inner, numbering.place),
      barrier: () => barriers.push(numbering.place),
      looking: () => this.#looking,
      withoutLooking: (action) => {
        const before = this.#looking
        this.#looking = false
        action()
        this.#looking = before
      },
      sites: this.#sites,
    }
    const action = compileForWarps(body, scope, run)
    this.#barriers = barriers
    this.evaluate = (value) => compileValue(value, scope, this.#machine)(new Float64Array(0))
    this.workgroups = this.evaluate(count)
    this.#frames = Array.from({ length: workgroupSize }, () =>
      new Float64Array(scope.environment.slots).fill(unknown),
    )
    this.#warps = Array.from({ length: Math.ceil(workgroupSize / width) }, (_, warp) =>
      this.#frames.slice(warp * width, (warp + 1) * width),
    )
    this.#run = (warps) => {
      for (const warp of warps) top.execute(warp.length)
      action(warps)
    }
  }

  /** How often a workgroup executes each place, and with how many lanes: what all its counts but accesses follow from. */
  executions(workgroup: number): readonly number[] {
    this.#execute(workgroup, false)
    return this.#places.flatMap(({ executions, lanes }) => [executions, lanes])
  }

  /** All counts of a workgroup. */
  count(workgroup: number): Counts {
    this.#execute(workgroup, true)
    return this.#counts()
  }

  /** Sectors of each buffer that the workgroup counted last has read, and written. */
  footprints(): {
    readonly read: ReadonlyMap<string, number>
    readonly written: ReadonlyMap<string, number>
  } {
    const of = (map: ReadonlyMap<string, Footprint>): ReadonlyMap<string, number> =>
      new Map([...map].map(([name, { sectors }]) => [name, sectors]))
    return { read: of(this.#read), written: of(this.#written) }
  }

  #execute(workgroup: number, looking: boolean): void {
    this.#looking = looking
    for (const place of this.#places) place.reset()
    for (const site of this.#sites) site.reset()
    for (const footprint of [...this.#read.values(), ...this.#written.values()]) footprint.reset()
    for (const [thread, frame] of this.#frames.entries()) enter(frame, thread, workgroup, this.#frames.length)
    this.#run(this.#warps)
  }

  #site(access: Parameters<Lockstep['site']>[0], scope: Scope, place: Place): Site {
    const stores = access.kind === 'store' || access.kind === 'sharedStore'
    const isGlobal = access.kind === 'load' || access.kind === 'store'
    const memory = isGlobal ? access.buffer : access.array
    const type = 'value' in access ? typeOf(access.value) : access.type
    const words = type === 'vec4f' ? 4 : 1
    const element = compileValue(access.index, scope, this.#machine)
    // Sectors are counted in numbers.
    const index: Evaluate = isGlobal && words > 1 ? (frame) => words * element(frame) : element
    const at = { place, stores, index, words, width: this.#width }
    const site = isGlobal
      ? new GlobalSite(at, footprintOf(stores ? this.#written : this.#read, memory))
      : new SharedSite(at)
    this.#sites.push(site)
    return site
  }

  #counts(): Counts {
    const global = this.#sites.filter((site) => site instanceof GlobalSite)
    const shared = this.#sites.filter((site) => site instanceof SharedSite)
    const places = this.#places
    const arithmetic = (of: (place: Place) => number): number =>
      places.reduce((sum, place) => sum + of(place) * place.executions, 0)
    const sum = <T>(all: readonly T[], of: (one: T) => number): number =>
      all.reduce((so, one) => so + of(one), 0)
    const sectors = (all: ReadonlyMap<string, Footprint>): number =>
      sum([...all.values()], (one) => one.sectors)
    const barriers = sum(this.#barriers, ({ executions }) => executions)
    const accesses = sum(this.#sites, ({ instructions }) => instructions)
    return {
      multiplyAdds: this.#width * arithmetic(({ cost }) => cost.multiplyAdds),
      floats: this.#width * arithmetic(({ cost }) => cost.floats),
      specials: this.#width * arithmetic(({ cost }) => cost.specials),
      integers: this.#width * arithmetic(({ cost }) => cost.integers),
      active: sum(places, ({ cost, lanes }) => total(cost) * lanes),
      instructions: arithmetic(({ cost }) => total(cost)) + accesses + barriers,
      globalLoads: sum(global, ({ at, instructions }) => (at.stores ? 0 : instructions)),
      globalStores: sum(global, ({ at, instructions }) => (at.stores ? instructions : 0)),
      sectors: sum(global, (site) => site.sectors),
      leastSectors: sum(global, ({ least }) => least),
      lines: sum(global, ({ lines }) => lines),
      sharedAccesses: sum(shared, ({ instructions }) => instructions),
      turns: sum(shared, (site) => site.turns),
      leastTurns: sum(shared, ({ least }) => least),
      barriers,
      waits: arithmetic(({ waits, rounds }) => waits / rounds),
      sharedWaits: arithmetic(({ sharedWaits, rounds }) => sharedWaits / rounds),
      sectorsRead: sectors(this.#read),
      sectorsWritten: sectors(this.#written),
    }
  }
}

function footprintOf(map: Map<string, Footprint>, memory: string): Footprint {
  const footprint = map.get(memory) ?? new Footprint()
  map.set(memory, footprint)
  return footprint
}
