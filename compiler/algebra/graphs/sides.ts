/**
 * The sides of a kernel. Whatever of κ sees one row alone is computed once a row, as entries of mapped rows in front of
 * the attention: turned rows, products with weights, places, inputs, what the head says. What is left sees entries of
 * two rows, and weights that are read by the index of a pair.
 *
 *     exp(dot(rotary(q, i, …), rotary(k, j, …)) − 2^(−head)·(i − j))      as the file has it
 *     exp(dot(q[0:64], k[0:64]) − q[64]·(q[65] − k[64]))                  of mapped rows
 *
 * Vectors that meet in a sum lie at the same place in both rows, filled up with zeros to fours, so that a kernel goes
 * through both in step.
 */
import type { TensorPlan } from '../../../runtime/contract/tensors.ts'
import { applyNamed, constant, dot, row, slice, variable } from '../../symbolic/build.ts'
import type { Apply, Expression } from '../../symbolic/expression.ts'
import { scalarOperator } from '../../symbolic/operators.ts'
import { children, equals, freeVariables, mapChildren, mapNodes } from '../../symbolic/traverse.ts'
import type { Accumulated, CallRows, Mapped } from '../rows.ts'
import { mappedRows } from './map.ts'

/** κ of mapped rows. */
export interface Sides {
  /** In the vectors `q` and `k`, which are the mapped rows, and in weights. */
  readonly kernel: Expression
  readonly queries: Mapped
  readonly keys: Mapped
}

type Side = 'q' | 'k'

/** Entries of a row that hold an expression. */
interface Placed {
  readonly expression: Expression
  readonly start: number
  readonly size: number
}

const inFours = (size: number): number => 4 * Math.ceil(size / 4)
const sizeOf = ({ type }: Expression): number => (type.kind === 'vector' ? type.size : 1)

/**
 * @param rows what rows of both sides see beside their own entries, by name
 * @param data the declared tensors
 */
export function sidesOf(
  kernel: Expression,
  {
    q,
    k,
    rows,
    data,
  }: {
    readonly q: CallRows
    readonly k: CallRows
    readonly rows: Readonly<Record<string, Accumulated>>
    readonly data: readonly TensorPlan[]
  },
): Sides {
  const splitting = new Splitting(data)
  // The first time finds a place for everything, the second one knows how long rows are.
  splitting.rewrite(kernel)
  const width = Math.max(...(['q', 'k'] as const).map((side) => splitting.widthOf(side)))
  splitting.width = width
  const side = (of: Side): Mapped =>
    mappedRows({
      name: of === 'q' ? 'map_queries' : 'map_keys',
      result: of === 'q' ? 'mappedQueries' : 'mappedKeys',
      along: of === 'q' ? 'length' : 'keyLength',
      heads:
        of === 'q' || splitting.placed.k.some(({ expression }) => splitting.isOfHead(expression))
          ? 'heads'
          : 'kvHeads',
      rows: { ...rows, ...(of === 'q' ? { q } : { k }) },
      data,
      entries: splitting.placed[of].map((one) => ({
        ...one,
        expression: splitting.ofRow(one.expression, of),
      })),
      width,
    })
  return {
    kernel: splitting.rewrite(kernel),
    queries: side('q'),
    keys: side('k'),
  }
}

class Splitting {
  readonly placed: Readonly<Record<Side, Placed[]>> = { q: [], k: [] }
  width = 0
  readonly #weights: ReadonlyMap<string, TensorPlan>

  constructor(data: readonly TensorPlan[]) {
    this.#weights = new Map(data.filter(({ role }) => role === 'weight').map((plan) => [plan.name, plan]))
  }

  widthOf(side: Side): number {
    return inFours(Math.max(0, ...this.placed[side].map(({ start, size }) => start + size)))
  }

  /** Whether it sees what query heads own. */
  isOfHead(expression: Expression): boolean {
    return [...freeVariables(expression)].some((name) => {
      const owner = this.#weights.get(name)?.heads
      return name === 'head' || (owner !== undefined && owner !== 'kvHeads' && owner !== 'shared')
    })
  }

  /** The same of entries of mapped rows. */
  rewrite(expression: Expression): Expression {
    if (expression.kind === 'constant') return expression
    const side = this.#sideOf(expression)
    if (side !== undefined && !this.#isApart(expression, side)) return this.#entries(expression, side)
    if (this.#isTable(expression)) {
      const [table, index] = expression.args as [Expression, Expression]
      return applyNamed(expression.operator, [table, this.rewrite(index)])
    }
    this.#meet(expression)
    const met = this.#product(expression)
    if (met !== undefined) return met
    return mapChildren(expression, (child) => this.rewrite(child))
  }

  /** The expression in the names of its own row. */
  ofRow(expression: Expression, side: Side): Expression {
    const place = side === 'q' ? 'i' : 'j'
    return mapNodes(expression, (node) => {
      if (node.kind !== 'variable') return undefined
      if (node.name === place) return variable('position')
      const bare = node.name.endsWith(`[${place}]`) ? node.name.slice(0, -3) : undefined
      return bare === undefined ? undefined : variable(bare, node.type, node.given)
    })
  }

  /** The row that an expression sees; that of the query where it sees none. */
  #sideOf(expression: Expression): Side | undefined {
    const names = [...freeVariables(expression)]
    const sees = (row: string, place: string): boolean =>
      names.some((name) => name === row || name === place || name.endsWith(`[${place}]`))
    const [query, key] = [sees('q', 'i'), sees('k', 'j')]
    if (query && key) return undefined
    return key ? 'k' : 'q'
  }

  /** Keys are of fewer heads than what an operator between numbers can leave to the queries. */
  #isApart(expression: Expression, side: Side): boolean {
    return (
      side === 'k' &&
      expression.kind === 'apply' &&
      scalarOperator(expression.operator) !== undefined &&
      this.isOfHead(expression)
    )
  }

  #isTable(expression: Expression): expression is Apply {
    const [table] = children(expression)
    return (
      expression.kind === 'apply' &&
      expression.operator === 'entry' &&
      table?.kind === 'variable' &&
      this.#weights.has(table.name)
    )
  }

  /** Gives vectors of both sides that meet in an operator the same place. */
  #meet(expression: Expression): void {
    const vectors = children(expression).filter(({ type }) => type.kind === 'vector')
    const parts = vectors.flatMap((one) => this.#oneSided(one))
    const unplaced = (side: Side): Expression | undefined =>
      parts.find((part) => this.#sideOf(part) === side && this.#find(part, side) === undefined)
    const [left, right] = [unplaced('q'), unplaced('k')]
    if (left === undefined || right === undefined) return
    const start = Math.max(this.widthOf('q'), this.widthOf('k'))
    this.placed.q.push({ expression: left, start, size: sizeOf(left) })
    this.placed.k.push({ expression: right, start, size: sizeOf(right) })
  }

  /** A product of two rows goes on through the zeros behind both. */
  #product(expression: Expression): Expression | undefined {
    if (expression.kind !== 'apply' || expression.operator !== 'dot') return undefined
    const [left, right] = expression.args as [Expression, Expression]
    const placed = (['q', 'k'] as const).map((side) => this.#find(left, side) ?? this.#find(right, side))
    const [a, b] = placed
    if (a === undefined || b === undefined || a.start !== b.start) return undefined
    const part = (side: Side): Expression => slice(row(side, this.width), a.start, a.start + inFours(a.size))
    return dot(part('q'), part('k'))
  }

  /** The largest vectors in an expression that see one row. */
  #oneSided(expression: Expression): readonly Expression[] {
    if (expression.type.kind !== 'vector') return []
    const side = this.#sideOf(expression)
    if (side !== undefined && !this.#isApart(expression, side)) return [expression]
    return children(expression).flatMap((child) => this.#oneSided(child))
  }

  #find(expression: Expression, side: Side): Placed | undefined {
    return this.placed[side].find((one) => equals(one.expression, expression))
  }

  #entries(expression: Expression, side: Side): Expression {
    const size = sizeOf(expression)
    const place = (): Placed => {
      const last = this.placed[side].at(-1)
      const isNumber = expression.type.kind !== 'vector'
      const start = isNumber && last !== undefined && last.size === 1 ? last.start + 1 : this.widthOf(side)
      const placed = { expression, start, size }
      this.placed[side].push(placed)
      return placed
    }
    const { start } = this.#find(expression, side) ?? place()
    const all = row(side, this.width)
    if (expression.type.kind === 'vector') return slice(all, start, start + size)
    return applyNamed('entry', [all, constant(start)])
  }
}
