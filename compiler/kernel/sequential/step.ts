/**
 * Step: one thread takes one more token of a group into the carried state, and reads the group's query heads out of
 * it. First come products with projections, whose rows are read along, and the numbers of each feature, four features
 * at a time, into scratch; then S, block by block of its columns.
 */
import type { Schedule, ScheduledBlock, StepPass } from '../../schedule/schedule.ts'
import { record } from '../author.ts'
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import { lowest } from '../kernel.ts'
import type { Binding, Kernel, SharedArray, Value } from '../kernel.ts'
import { unlessZero } from '../lower/exponents.ts'
import { prepareRows } from '../lower/features.ts'
import type { FeatureRows, PreparedRows } from '../lower/features.ts'
import { divide, firstPositionOf, frame, groupNames, headsOf, owner } from '../lower/frame.ts'
import type { Frame } from '../lower/frame.ts'
import { widen } from '../lower/operators.ts'
import { rowFactor } from '../lower/readout.ts'
import { rowsTogether } from '../lower/row-places.ts'
import { raised, relativeTo } from '../lower/running-scale.ts'
import { stateLayout } from '../lower/state-layout.ts'
import type { StateLayout } from '../lower/state-layout.ts'
import { acrossLanes, inLanes, lanes, nth, range, within } from '../lower/tile.ts'
import { roundedUp } from './panels.ts'
import { seesProducts } from './chunk-features.ts'

/** Vectors of columns that are summed side by side. */
const together = 8

/** The kernel of one decoding step of a group. */
export function lowerSequentialStep(schedule: Schedule, pass: StepPass): Kernel {
  const { kernel, ...from } = frame(schedule, pass)
  const step = new Step(schedule, pass, from)
  const body = record((k) => step.write(k))
  const summary = 'One more token: its key and value into the state, its query out of it.'
  return kernel(summary, step.shared, body)
}

type Width = 'four' | 'one'

class Step {
  readonly #schedule: Schedule
  readonly #pass: StepPass
  readonly #frame: Pick<Frame, 'action' | 'binding' | 'counts'>
  readonly #layout: StateLayout
  /** Of how many projections the row has products, and these. */
  readonly #projections: number
  readonly #products: SharedArray
  readonly #scaled: boolean
  /** By feature: exponents or values, and coefficients, of the side that is at hand. */
  readonly #values: SharedArray
  readonly #coefficients: SharedArray
  /** By feature: what S keeps, and what is added to it or weighs it. */
  readonly #kept: SharedArray
  readonly #weights: SharedArray

  constructor(schedule: Schedule, pass: StepPass, from: Pick<Frame, 'action' | 'binding' | 'counts'>) {
    this.#schedule = schedule
    this.#pass = pass
    this.#frame = from
    this.#layout = stateLayout(schedule, pass.scaling)
    this.#scaled = pass.scaling === 'scaled'
    // The last four of a block may reach beyond it; what they leave there the next block, or nobody, uses.
    const array = (name: string, length = schedule.features): SharedArray => ({
      name,
      element: 'f32',
      length: roundedUp(length, lanes) + lanes,
    })
    const multiplied = [...pass.query.blocks, ...pass.key.blocks].filter(seesProducts)
    this.#projections = Math.max(0, ...multiplied.map(({ size }) => size))
    this.#products = array('products', this.#projections)
    this.#values = array('values')
    this.#coefficients = array('coefficients')
    this.#kept = array('kept')
    this.#weights = array('weights')
  }

  get shared(): readonly SharedArray[] {
    const products = this.#projections === 0 ? [] : [this.#products]
    return [...products, this.#values, this.#coefficients, this.#kept, this.#weights]
  }

  write(k: Author): void {
    const { groups } = this.#schedule
    const { action, counts } = this.#frame
    k.use(divide([], 'slice'), groupNames(counts, groups, false))
    action.declare(k)
    const start = k.let('stateStart', this.#layout.carriedStart)
    this.#evaluate(k, 'key')
    this.#update(k, start)
    this.#absorb(k, start)
    k.loop('headInGroup', 0, headsOf(groups), (headInGroup) => {
      k.let('queryHead', ir.add(ir.mul(owner.group, headsOf(groups)), headInGroup))
      this.#evaluate(k, 'query')
      this.#read(k, start)
    })
  }

  /** φ of the token's row on one side, into `values` and `coefficients`. */
  #evaluate(k: Author, side: 'query' | 'key'): void {
    const row = this.#row(side)
    if (this.#projections > 0) this.#multiply(k, row)
    const { blocks } = this.#pass[side]
    const prepared = prepareRows(row, blocks)
    k.use(prepared.statements)
    for (const block of blocks)
      k.strided(`${side}Component${block.start}`, 0, block.size, lanes, (first) =>
        this.#evaluateFour(k, prepared, block, first),
      )
  }

  /** The token's row on one side. */
  #row(side: 'query' | 'key'): FeatureRows {
    const { binding, counts } = this.#frame
    const ofQuery = side === 'query'
    return {
      extent: 'items',
      each: 1,
      buffer: binding(ofQuery ? 'q' : 'k'),
      dim: this.#schedule.dim,
      places: rowsTogether(ofQuery ? owner.queryHead : owner.keyGroup, this.#schedule.dim),
      at: () => ir.u32(0),
      position: () => firstPositionOf(counts),
      // No feature of a form that decodes asks for the length, which is not known yet.
      count: ir.u32(1),
      ...(this.#projections > 0 && {
        projected: { buffer: this.#products, first: ir.u32(0), width: this.#projections },
      }),
      stay: true,
      prefix: ofQuery ? 'q' : 'k',
    }
  }

  /** The row times all projections, four of these at a time: each is read along, a vector after another. */
  #multiply(k: Author, { buffer, places, dim, prefix }: FeatureRows): void {
    const projection = this.#frame.binding('w')
    const whole = dim - (dim % lanes)
    const row = k.let(`${prefix}Row`, places.start)
    k.strided(`${prefix}Projections`, 0, this.#projections, lanes, (place) => {
      const starts = range(lanes).map((item) =>
        k.let(`${prefix}W${item}`, ir.mul(within(ir.add(place, item), this.#projections), dim)),
      )
      const sums = k.registers(`${prefix}Sums`, 'vec4f', lanes)
      k.strided(`${prefix}Entry`, 0, whole, lanes, (entry) => {
        const x = k.let(`${prefix}X`, ir.loadFour(buffer, ir.add(row, entry)))
        for (const [item, sum] of sums.entries())
          k.set(sum, ir.call('fma', ir.loadFour(projection, ir.add(nth(starts, item), entry)), x, sum))
      })
      let product = inLanes((item) => acrossLanes(nth(sums, item), ir.add))
      for (let entry = whole; entry < dim; entry++) {
        const w = inLanes((item) => ir.load(projection, ir.add(nth(starts, item), entry)))
        product = ir.call('fma', w, ir.splat(ir.load(buffer, ir.add(row, entry))), product)
      }
      k.sharedStore(this.#products, place, product)
    })
  }

  #evaluateFour(k: Author, prepared: PreparedRows, block: ScheduledBlock, first: Value): void {
    const { binding } = this.#frame
    const { statements, value, exponent, coefficient } = prepared.evaluate({
      block,
      each: lanes,
      at: (lane) => ir.add(first, lane),
      steps: lanes,
      projection: block.projected ? binding('w') : undefined,
    })
    k.use(statements)
    const at = ir.add(first, block.start)
    const scaled = block.term.kind === 'scaled'
    const factor = coefficient === undefined ? ir.splat(1) : widen(coefficient(0))
    const power = widen(exponent(0))
    const bare = scaled ? (coefficient === undefined ? power : unlessZero(power, factor)) : widen(value(0))
    k.sharedStore(this.#values, at, bare)
    if (scaled) k.sharedStore(this.#coefficients, at, factor)
  }

  /** The key into z and the scales; what S is to keep, and what is to be added to it. */
  #update(k: Author, start: Value): void {
    const { action, binding } = this.#frame
    const carried = binding('carried')
    this.#eachFeature(k, 'updated', (feature, width) => {
      const own = (array: SharedArray): Value => this.#shared(array, feature, width)
      const z = this.#layout.z(start, feature)
      let kept = this.#wide(action.row.value, width)
      let added = own(this.#values)
      if (this.#scaled) {
        const at = this.#layout.scale(start, feature)
        const old = k.let(`oldScale_${width}`, action.row.lower(this.#load(at, width)))
        const scale = k.let(`newScale_${width}`, raised(old, own(this.#values)))
        kept = relativeTo(scale, old)
        added = ir.mul(own(this.#coefficients), relativeTo(scale, own(this.#values)))
        k.store(carried, at, scale)
      }
      const keep = k.let(`keep_${width}`, kept)
      const add = k.let(`add_${width}`, added)
      k.store(carried, z, ir.call('fma', this.#load(z, width), keep, add))
      k.sharedStore(this.#kept, feature, keep)
      k.sharedStore(this.#weights, feature, add)
    })
  }

  /** The key and its value into S. */
  #absorb(k: Author, start: Value): void {
    const { valueDim, features } = this.#schedule
    const { binding } = this.#frame
    const value = k.let('valueStart', ir.mul(owner.keyGroup, valueDim))
    this.#eachBlock(k, 'absorbed', (column, vectors, width) => {
      const v = range(vectors).map((vector) =>
        k.let(`value_${vector}`, read(binding('v'), ir.add(value, column, vector * lanes), width)),
      )
      k.loop('absorbed', 0, features, (feature) => {
        const keep = k.let('keepOne', this.#wide(ir.sharedLoad(this.#kept, feature), width))
        const add = k.let('addOne', this.#wide(ir.sharedLoad(this.#weights, feature), width))
        const row = k.let('absorbedAt', this.#layout.s(start, feature, column))
        v.forEach((of, vector) => {
          const at = ir.add(row, vector * lanes)
          const before = ir.mul(this.#load(at, width), keep)
          k.store(binding('carried'), at, ir.call('fma', of, add, before))
        })
      })
    })
  }

  /** One query head out of the state. */
  #read(k: Author, start: Value): void {
    const scale = this.#scaled ? this.#scaleOfRow(k, start) : undefined
    const four = k.var('total4', ir.splat(0))
    const rest = k.var('totalRest', ir.f32(0))
    this.#eachFeature(k, 'weighed', (feature, width) => {
      let weight = this.#shared(this.#values, feature, width)
      if (scale !== undefined) {
        const before = this.#load(this.#layout.scale(start, feature), width)
        const power = relativeTo(this.#wide(scale, width), ir.add(weight, before))
        weight = ir.mul(this.#shared(this.#coefficients, feature, width), power)
      }
      const named = k.let(`weight_${width}`, weight)
      k.sharedStore(this.#weights, feature, named)
      const total = width === 'four' ? four : rest
      k.set(total, ir.call('fma', named, this.#load(this.#layout.z(start, feature), width), total))
    })
    const total = k.let('total', ir.add(acrossLanes(four, ir.add), rest))
    const factor = rowFactor(this.#pass, total, scale)
    this.#sum(k, start, factor && k.let('factor', factor))
  }

  /** The largest exponent of the row, over the features. */
  #scaleOfRow(k: Author, start: Value): Value {
    const four = k.var('scale4', ir.splat(lowest))
    const scale = k.var('rowScale', ir.f32(lowest))
    this.#eachFeature(k, 'scaled', (feature, width) => {
      const before = this.#load(this.#layout.scale(start, feature), width)
      const exponent = ir.add(this.#shared(this.#values, feature, width), before)
      const largest = width === 'four' ? four : scale
      k.set(largest, raised(largest, exponent))
    })
    k.set(scale, raised(scale, acrossLanes(four, raised)))
    return scale
  }

  /** Σ weight · S, times the factor, into the row of the output. */
  #sum(k: Author, start: Value, factor: Value | undefined): void {
    const { valueDim, features } = this.#schedule
    const out = k.let('outStart', ir.mul(owner.queryHead, valueDim))
    this.#eachBlock(k, 'summed', (column, vectors, width) => {
      const sums = k.registers('sums', width === 'four' ? 'vec4f' : 'f32', vectors)
      k.loop('summed', 0, features, (feature) => {
        const weight = k.let('weightOne', this.#wide(ir.sharedLoad(this.#weights, feature), width))
        const at = k.let('summedAt', this.#layout.s(start, feature, column))
        sums.forEach((sum, vector) =>
          k.set(sum, ir.call('fma', weight, this.#load(ir.add(at, vector * lanes), width), sum)),
        )
      })
      sums.forEach((sum, vector) => {
        const quotient = factor === undefined ? sum : ir.mul(sum, this.#wide(factor, width))
        k.store(this.#frame.binding('out'), ir.add(out, column, vector * lanes), quotient)
      })
    })
  }

  /** Columns in blocks of vectors side by side, then vector by vector, then one by one. */
  #eachBlock(k: Author, word: string, then: (column: Value, vectors: number, width: Width) => void): void {
    const { valueDim } = this.#schedule
    const most = valueDim - (valueDim % (together * lanes))
    const whole = valueDim - (valueDim % lanes)
    if (most > 0)
      k.strided(`${word}Block`, 0, most, together * lanes, (column) => then(column, together, 'four'))
    if (whole > most) k.strided(`${word}Four`, most, whole, lanes, (column) => then(column, 1, 'four'))
    if (valueDim > whole) k.loop(`${word}One`, whole, valueDim, (column) => then(column, 1, 'one'))
  }

  /** Features in fours, and one by one those that are left. */
  #eachFeature(k: Author, word: string, then: (feature: Value, width: Width) => void): void {
    const { features } = this.#schedule
    const whole = features - (features % lanes)
    if (whole > 0) k.strided(`${word}Features`, 0, whole, lanes, (feature) => then(feature, 'four'))
    if (features > whole) k.loop(`${word}Feature`, whole, features, (feature) => then(feature, 'one'))
  }

  #load(index: Value, width: Width): Value {
    return read(this.#frame.binding('carried'), index, width)
  }

  #shared(array: SharedArray, index: Value, width: Width): Value {
    return width === 'four' ? ir.sharedLoadFour(array, index) : ir.sharedLoad(array, index)
  }

  #wide(value: Value, width: Width): Value {
    return width === 'four' ? ir.splat(value) : value
  }
}

const read = (buffer: Binding, index: Value, width: Width): Value =>
  width === 'four' ? ir.loadFour(buffer, index) : ir.load(buffer, index)
