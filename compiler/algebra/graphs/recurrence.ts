/**
 * A state that rows change one after another. Every expression is evaluated in front of it: features of queries and of
 * keys, and entries of key rows by which the update in its normal form takes numbers alone.
 */
import type { TensorPlan } from '../../../runtime/contract/tensors.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import { declaredTensors, recurrenceOf } from '../../semantics/model.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import { applyNamed, constant, divide, multiply, negate, row } from '../../symbolic/build.ts'
import { scalarComponents } from '../../symbolic/components.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { simplify } from '../../symbolic/simplify.ts'
import { equals, mapNodes } from '../../symbolic/traverse.ts'
import type { CallRows, Entries, Filtered, Mapped, Recur, RecurTerm, RowOperation } from '../rows.ts'
import { filteredRows } from './filter.ts'
import type { Graph } from './graph.ts'
import { mappedRows } from './map.ts'
import { withOutput } from './output.ts'

/** Rows of features and of entries, and the state. */
export const recurrence: Graph = (model, call) => {
  const { feature, scale, valueDim } = model
  const [q, k, v] = [call.q, call.k, call.v].map((rows) => filteredRows(model, rows)) as [
    PreparedRows,
    PreparedRows,
    PreparedRows,
  ]
  invariant(feature !== undefined, 'features factorise an attention')
  const data = declaredTensors(model)
  const queries = featuresOf(feature.query, q, scale, data)
  const keys = featuresOf(feature.key, k, scale, data)
  const update = new Update(model, whole(keys, feature.features), { rows: v, first: 0, width: valueDim })
  const { terms, scale: kept, entries } = update.over({ k: keys, v, data })
  const recur: Recur = {
    kind: 'recur',
    name: 'recur',
    result: 'out',
    features: feature.features,
    queries: whole(queries, feature.features),
    scale: kept,
    terms,
  }
  const filtered = [q, k, v].filter((rows) => rows.kind === 'filter')
  const before = new Set([queries, keys, entries].flatMap(withRowsBefore))
  return [...filtered, ...before, ...withOutput(model, recur, { q: queries, k: keys, v })]
}

/** Rows of the call, behind a filter if there is one. */
type PreparedRows = CallRows | Filtered

const whole = (rows: Entries['rows'], width: number): Entries => ({ rows, first: 0, width })

/** Mapped rows, behind those that they are made of. */
const withRowsBefore = (rows: PreparedRows | Mapped | undefined): readonly RowOperation[] =>
  rows?.kind === 'map' ? [...Object.values(rows.rows).filter((one) => one.kind === 'map'), rows] : []

/** φ of rows of the call; these themselves, if it is the identity. */
function featuresOf(
  blocks: readonly Expression[],
  rows: PreparedRows,
  scale: number,
  data: readonly TensorPlan[],
): PreparedRows | Mapped {
  const [first] = blocks
  if (blocks.length === 1 && scale === 1 && first?.kind === 'variable' && first.name === 'x') return rows
  const queries = (rows.kind === 'call' ? rows : rows.rows).of === 'q'
  let width = 0
  const entries = blocks.map((expression) => {
    const start = width
    width += sizeOf(expression)
    return { start, expression }
  })
  return mappedRows({
    name: queries ? 'query_features' : 'key_features',
    result: queries ? 'queryFeatures' : 'keyFeatures',
    along: queries ? 'length' : 'keyLength',
    heads: 'heads',
    rows: { x: rows },
    data,
    entries,
    width,
  })
}

const sizeOf = ({ type }: Expression): number => (type.kind === 'vector' ? type.size : 1)

/** What stands for φ(k) in entries: rows of the call alone are multiplied by √scale. */
const keyFeatures = 'features of the key'

/** A part of an update that entries of key rows stand for, or a number that does for all of them. */
type Part = number | { readonly expression: Expression }

/** The update of an attention in entries of key rows. */
class Update {
  readonly #k: Entries
  readonly #v: Entries
  readonly #scale: Part
  readonly #terms: readonly {
    readonly x: Part
    readonly writes: readonly Part[]
    readonly reads: readonly { readonly a: Part; readonly by: Part }[]
  }[]
  readonly #parts: Expression[] = []

  constructor(model: AttentionModel, k: Entries, v: Entries) {
    this.#k = k
    this.#v = v
    const { scale, writes, reads } = recurrenceOf(model)
    const features = row(keyFeatures, k.width)
    const own = (expression: Expression): Expression =>
      mapNodes(expression, (node) => (node.kind === 'variable' && node.name === 'k' ? features : undefined))
    this.#scale = this.#part(own(scale))
    const written = writes.map(({ x, y }) => {
      const [factor, vector] = factorApart(own(x))
      return { x: vector, y: times(factor, own(y)) }
    })
    const read = reads.map(({ x, by, a }) => {
      const [factor, vector] = factorApart(own(x))
      const [inner, reading] = factorApart(own(a))
      return { x: vector, a: reading, by: times(times(factor, inner), own(by)) }
    })
    const rows = [...written, ...read].map(({ x }) => x)
    const distinct = rows.filter((x, n) => rows.findIndex((other) => equals(other, x)) === n)
    this.#terms = distinct.map((x) => ({
      x: this.#part(x),
      writes: written.filter((one) => equals(one.x, x)).map(({ y }) => this.#part(y)),
      reads: read
        .filter((one) => equals(one.x, x))
        .map(({ a, by }) => ({ a: this.#part(a), by: this.#part(by) })),
    }))
  }

  /** The terms, and the rows that have the entries, if there are some. */
  over({
    k,
    v,
    data,
  }: {
    readonly k: PreparedRows | Mapped
    readonly v: PreparedRows
    readonly data: readonly TensorPlan[]
  }): Pick<Recur, 'scale' | 'terms'> & { readonly entries: Mapped | undefined } {
    const { places, width } = this.#places()
    const entries =
      width === 0
        ? undefined
        : mappedRows({
            name: 'key_entries',
            result: 'keyEntries',
            along: 'keyLength',
            heads: 'heads',
            rows: { [keyFeatures]: k, v },
            data,
            entries: places,
            width,
          })
    const entriesOf = (part: Part): Entries => {
      invariant(typeof part !== 'number', 'a row is no number')
      const known = this.#known(part.expression)
      if (known !== undefined) return known
      const placed = places.find(({ expression }) => equals(expression, part.expression))
      invariant(entries !== undefined && placed !== undefined, 'every part of an update has a place')
      return { rows: entries, first: placed.start, width: sizeOf(part.expression) }
    }
    const operand = (part: Part): Entries | number => (typeof part === 'number' ? part : entriesOf(part))
    const terms = this.#terms.map(({ x, writes, reads }): RecurTerm => ({
      x: entriesOf(x),
      writes: writes.map(entriesOf),
      reads: reads.map(({ a, by }) => ({ a: entriesOf(a), by: operand(by) })),
    }))
    return { scale: operand(this.#scale), terms, entries }
  }

  /** Vectors in fours, then numbers side by side. */
  #places(): {
    readonly places: readonly { readonly expression: Expression; readonly start: number }[]
    readonly width: number
  } {
    let width = 0
    const isVector = ({ type }: Expression): boolean => type.kind === 'vector'
    const inOrder = [...this.#parts.filter(isVector), ...this.#parts.filter((part) => !isVector(part))]
    const places = inOrder.map((expression) => {
      if (isVector(expression)) width = inFours(width)
      const start = width
      width += sizeOf(expression)
      return { expression, start }
    })
    return { places, width: inFours(width) }
  }

  #part(expression: Expression): Part {
    if (expression.type.kind !== 'vector') {
      const value = simplify(scalarComponents(expression))
      if (value.kind === 'constant') return value.value
    }
    const isNew = this.#known(expression) === undefined && !this.#parts.some((one) => equals(one, expression))
    if (isNew) this.#parts.push(expression)
    return { expression }
  }

  /** The entries of what rows are already. */
  #known(expression: Expression): Entries | undefined {
    if (expression.kind !== 'variable') return undefined
    return expression.name === keyFeatures ? this.#k : expression.name === 'v' ? this.#v : undefined
  }
}

const inFours = (size: number): number => 4 * Math.ceil(size / 4)

const isOne = (expression: Expression): boolean => expression.kind === 'constant' && expression.value === 1

const times = (factor: Expression, of: Expression): Expression =>
  isOne(factor) ? of : isOne(of) ? factor : multiply(factor, of)

/** A vector as a number times a vector: numbers are better multiplied with what is written or read once. */
function factorApart(vector: Expression): readonly [Expression, Expression] {
  const none = [constant(1), vector] as const
  if (vector.kind !== 'apply') return none
  const [a, b] = vector.args
  if (a === undefined) return none
  if (vector.operator === 'negate') {
    const [factor, rest] = factorApart(a)
    return [isOne(factor) ? constant(-1) : negate(factor), rest]
  }
  if (b === undefined) return none
  if (vector.operator === 'divide' && b.type.kind !== 'vector') {
    const [factor, rest] = factorApart(a)
    return [divide(factor, b), rest]
  }
  if (vector.operator !== 'multiply') return none
  const [left, right] = [a, b].map((one) =>
    one.type.kind === 'vector' ? factorApart(one) : ([one, undefined] as const),
  ) as [readonly [Expression, Expression | undefined], readonly [Expression, Expression | undefined]]
  const rest = [left[1], right[1]].filter((one) => one !== undefined)
  const [first, second] = rest
  if (first === undefined) return none
  return [times(left[0], right[0]), second === undefined ? first : applyNamed('multiply', [first, second])]
}
