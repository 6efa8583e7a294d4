/** φ: the feature rows of the queries, and of the keys. */
import type { Expression } from '../symbolic/expression.ts'
import type { AttentionModel } from '../semantics/model.ts'
import { invariant } from '../diagnostics/invariant.ts'
import type { HeadData } from './data.ts'
import { Evaluator } from './evaluate.ts'
import { extended, larger, multiply } from '../symbolic/extended.ts'
import type { Extended } from '../symbolic/extended.ts'
import { MAXIMUM, projectedExponents, withMaximum } from './stabilize.ts'
import { Vector } from './vector.ts'

export type Side = 'query' | 'key'

/**
 * φ(x) of every row of one head, each laid out block by block.
 * `rows` are already multiplied by √scale. A row's `position` is its index in
 * them, and `length` how many of them count.
 */
export function featureRows(
  model: AttentionModel,
  side: Side,
  rows: readonly Vector[],
  length: number,
  projection: readonly Vector[],
  data?: HeadData,
): Vector[] {
  const { feature } = model
  invariant(feature !== undefined, 'only a factorised attention has features')
  const { blocks, maximum } = blocksOf(model, side, rows, length, projection)
  const factor = extended(feature.projected ? 1 / Math.sqrt(projection.length) : 1)
  const phi = new Blocks(blocks, feature.projected, projection, length, data)
  return rows.map((_, index) => {
    if (maximum !== undefined) phi.set(MAXIMUM, maximum(index))
    return phi.row(rows, index, factor)
  })
}

/** The blocks of φ as they are evaluated; with `stabilize: max` they name the maximum of their row. */
interface StabilizedBlocks {
  readonly blocks: readonly Expression[]
  readonly maximum?: (row: number) => Extended
}

/** The blocks of one side, and at each of these rows the maximum of its exponents where the blocks name one. */
export function blocksOf(
  { feature, stabilize }: AttentionModel,
  side: Side,
  rows: readonly Vector[],
  length: number,
  projection: readonly Vector[],
): StabilizedBlocks {
  invariant(feature !== undefined, 'only a factorised attention has features')
  const blocks = feature[side]
  if (stabilize.kind !== 'max') return { blocks }
  const maxima = rowMaxima(blocks.flatMap(projectedExponents), rows, length, projection)
  const overall = maxima.reduce(larger, extended(-Infinity))
  return {
    blocks: blocks.map((block) => withMaximum(block, stabilize.offset)),
    maximum: (row) => (side === 'query' ? (maxima[row] ?? overall) : overall),
  }
}

/** Of each row, the largest of these projected exponents over all projections. */
function rowMaxima(
  exponents: readonly Expression[],
  rows: readonly Vector[],
  length: number,
  projection: readonly Vector[],
): Extended[] {
  const every = new Blocks(exponents, true, projection, length)
  return rows.map((_, index) => {
    const values = every.row(rows, index, extended(1))
    let top = extended(-Infinity)
    for (let entry = 0; entry < values.size; entry++) top = larger(top, values.at(entry))
    return top
  })
}

/** Blocks laid side by side: a projected one has an entry for each projection row. */
class Blocks {
  readonly #blocks: readonly Evaluator[]
  readonly #projected: boolean
  readonly #projection: readonly Vector[]
  readonly #data: HeadData | undefined

  constructor(
    blocks: readonly Expression[],
    projected: boolean,
    projection: readonly Vector[],
    length: number,
    data?: HeadData,
  ) {
    this.#blocks = blocks.map((block) => data?.fix(new Evaluator(block)) ?? new Evaluator(block))
    this.#data = data
    this.#projected = projected
    this.#projection = projection
    this.set('length', length)
  }

  set(name: string, value: Extended | Vector | number): void {
    for (const block of this.#blocks) block.set(name, value)
  }

  row(rows: readonly Vector[], index: number, factor: Extended): Vector {
    const x = rows[index]
    invariant(x !== undefined, 'a feature is evaluated at a row that exists')
    this.set('x', x)
    this.set('previous(x)', rows[index - 1] ?? Vector.ofNumbers(new Float64Array(x.size)))
    this.set('position', index)
    for (const block of this.#blocks) this.#data?.row(block, index)
    const entries = this.#blocks.flatMap((block) =>
      this.#projected ? this.#projection.map((w) => block.set('w', w).scalar()) : entriesOf(block.value()),
    )
    return Vector.from(entries.length, (entry) => multiply(entries[entry] ?? factor, factor))
  }
}

/** The entries of a block's value, of which a number is one. */
export function entriesOf(value: Extended | Vector): readonly Extended[] {
  return value instanceof Vector ? Array.from({ length: value.size }, (_, index) => value.at(index)) : [value]
}
