/**
 * One row from its keys one by one, over the exponential of the largest exponent so far: a mean that moves towards the
 * value of each key by its share of the weights. Slow, and right whatever the exponents are.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import { addedToSum } from '../../schedule/schedule.ts'
import type { FinishPass, Schedule, ScheduledBlock } from '../../schedule/schedule.ts'
import { constant } from '../../symbolic/build.ts'
import * as ir from '../build.ts'
import type { Operand } from '../build.ts'
import type { Author, Name } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { Value } from '../kernel.ts'
import { countedOf, visible } from './frame.ts'
import type { Frame } from './frame.ts'
import { evaluatePairs } from './pairs.ts'
import { rowFactor } from './readout.ts'
import { rowStart, rowsOfCall } from './row-places.ts'
import { raised, relativeTo } from './running-scale.ts'

/** A floor for the denominator, below every weight that matters in f32, so that nothing is divided by 0. */
const least = 1e-37

/** The features of the row's pass, with their exponents apart. */
export type Mended = Pick<FinishPass, 'query' | 'key' | 'division' | 'causal'>

/** The row of the output that is computed, and which of its columns. */
export interface MendedRow {
  /** In its sequence. */
  readonly row: Value
  readonly firstColumn: Value
  readonly columns: Operand
}

/** Computes a row of `out` from its keys one by one. */
export function mendRow(
  k: Author,
  schedule: Schedule,
  pass: Mended,
  frame: Pick<Frame, 'binding' | 'counts'>,
  row: MendedRow,
): void {
  new Mending(k, { ...frame, ...row, schedule, pass }).run()
}

interface Operands extends Pick<Frame, 'binding' | 'counts'>, MendedRow {
  readonly schedule: Schedule
  readonly pass: Mended
}

class Mending {
  readonly #k: Author
  readonly #of: Operands
  readonly #start: Value
  readonly #keys: Value
  /** The largest exponent so far, the denominator so far, and the weight of the present key, over its exponential. */
  readonly #scale: Name
  readonly #total: Name
  readonly #weight: Name

  constructor(k: Author, of: Operands) {
    const { row, pass, schedule, firstColumn } = of
    this.#k = k
    this.#of = of
    const start = rowStart(rowsOfCall('query', schedule.valueDim), row)
    this.#start = k.let('start', ir.add(start, firstColumn))
    this.#keys = k.let('ownKeys', pass.causal ? ir.call('min', visible, ir.add(row, 1)) : visible)
    this.#scale = k.var('scale', ir.f32(lowest))
    this.#total = k.var('total', ir.f32(0))
    this.#weight = k.var('weight', ir.f32(0))
  }

  run(): void {
    const k = this.#k
    const out = this.#of.binding('out')
    this.#eachColumn((at) => k.store(out, at, ir.f32(0)))
    k.loop('seenKey', 0, this.#keys, (key) => this.#addKey(key))
    if (addedToSum(this.#of.pass.division) === 0) return
    // The denominator is more than the weights.
    const factor = rowFactor(this.#of.pass, this.#total, this.#scale) ?? ir.f32(1)
    const share = ir.mul(this.#total, k.let('ownFactor', factor))
    this.#eachColumn((at) => k.store(out, at, ir.mul(ir.load(out, at), share)))
  }

  /** The row so far is a mean over the keys so far, which moves towards the value of one more by its share. */
  #addKey(key: Value): void {
    const k = this.#k
    const { pass, binding, schedule, firstColumn } = this.#of
    const [out, v] = [binding('out'), binding('v')]
    const before = k.let('before', this.#scale)
    k.set(this.#weight, ir.f32(0))
    pass.query.blocks.forEach((_, which) => this.#addBlock(which, key))
    const shrunk = ir.mul(this.#total, relativeTo(this.#scale, before))
    k.set(this.#total, ir.add(shrunk, this.#weight))
    const share = k.let('share', ir.div(this.#weight, ir.call('max', this.#total, least)))
    const row = rowStart(rowsOfCall('key', schedule.valueDim), key)
    const value = k.let('value', ir.add(row, firstColumn))
    this.#eachColumn((at, column) => {
      const way = ir.sub(ir.load(v, ir.add(value, column)), ir.load(out, at))
      k.store(out, at, ir.add(ir.load(out, at), ir.mul(way, share)))
    })
  }

  /** Adds the components of a block to the pair's weight, over the scale that they raise. */
  #addBlock(which: number, key: Value): void {
    const k = this.#k
    const { pass, row } = this.#of
    const [ofQuery, ofKey] = [pass.query.blocks[which], pass.key.blocks[which]]
    if (ofQuery === undefined || ofKey === undefined) return
    k.loop('component', 0, ofQuery.size, (component) => {
      const query = this.#evaluate('query', ofQuery, row, component)
      const keys = this.#evaluate('key', ofKey, key, component)
      const coefficient = k.let('coefficient', ir.mul(query.coefficient, keys.coefficient))
      const together = ir.add(query.exponent, keys.exponent)
      const exponent = k.let('exponent', ir.select(ir.eq(coefficient, 0), lowest, together))
      const before = k.let('soFar', this.#scale)
      k.set(this.#scale, raised(this.#scale, exponent))
      const shrunk = ir.mul(this.#weight, relativeTo(this.#scale, before))
      k.set(this.#weight, ir.add(shrunk, ir.mul(coefficient, relativeTo(this.#scale, exponent))))
    })
  }

  /** Exponent and coefficient of a component of a row. */
  #evaluate(
    side: 'query' | 'key',
    { term }: ScheduledBlock,
    index: Value,
    component: Value,
  ): { readonly exponent: Value; readonly coefficient: Value } {
    invariant(term.kind === 'scaled', 'sums that are mended are scaled')
    const { binding, counts, schedule } = this.#of
    const ofQuery = side === 'query'
    const buffer = binding(ofQuery ? 'q' : 'k')
    const start = rowStart(rowsOfCall(side, schedule.dim), index)
    const length = ofQuery ? countedOf(counts) : visible
    const { exponent, coefficient = constant(1) } = term
    const { statements, value } = evaluatePairs([exponent, coefficient], {
      items: 1,
      rows: { x: { extent: 'items', load: (_, entry) => ir.load(buffer, ir.add(start, entry)) } },
      scalars: {
        position: { extent: 'all', value: ir.convert('f32', index) },
        length: { extent: 'all', value: ir.convert('f32', length) },
      },
      component: { extent: 'items', index: () => component },
      prefix: ofQuery ? 'q' : 'k',
    })
    this.#k.use(statements)
    return { exponent: value(0, 0), coefficient: value(1, 0) }
  }

  /** Each column, with the index in `out` of the row's number in it. */
  #eachColumn(then: (at: Value, column: Value) => void): void {
    this.#k.loop('column', 0, this.#of.columns, (column) => {
      then(this.#k.let('at', ir.add(this.#start, column)), column)
    })
  }
}
