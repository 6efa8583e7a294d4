/**
 * The sums and maxima over entries that a kernel κ(q, k) has, on a tile of query rows × key rows: a tile product
 * through panels of a few entries of the rows. What a thread has of them are registers, four rows a vec4f by key.
 */
import { mentions } from '../../symbolic/traverse.ts'
import type { Expression, Reduce } from '../../symbolic/expression.ts'
import * as ir from '../build.ts'
import type { Author, Name } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { Value } from '../kernel.ts'
import { entrySums, termAt } from './entry-sums.ts'
import { widen } from './operators.ts'
import type { Reduced } from './pairs.ts'
import { fromPanel, throughPanels } from './panel.ts'
import type { Filling, Four } from './panel.ts'
import { fourLanes, lanes, nth, range } from './tile.ts'

/** Two rows by the names that expressions have for them. */
interface SideNames {
  readonly rows: string
  readonly keys: string
}

/** A tile of pairs, and what a thread has of it. */
export interface PairTile {
  /** What expressions call a row in the lanes, and one that is an item. */
  readonly names: SideNames
  /** Keeps the names of several tiles in one scope apart. */
  readonly prefix?: string
  readonly threads: number
  /** Entries of a row, and those that are in a panel at a time. */
  readonly width: number
  readonly depth: number
  readonly queries: Filling
  readonly keys: Filling
  /** The groups of four rows that the thread has, of each side. */
  readonly rowFours: readonly Four[]
  readonly keyFours: readonly Four[]
}

/**
 * Computes those sums and maxima in the expressions that go through the entries of both rows in step, and returns
 * them for each of the thread's groups of rows, by key.
 */
export function pairProducts(
  k: Author,
  tile: PairTile,
  expressions: readonly Expression[],
): readonly Reduced[] {
  const { sums, length } = entrySums(expressions, tile.width, [tile.names.rows, tile.names.keys])
  const results = [...sums].map(([key, reduce], which) => ({
    key,
    reduce,
    registers: declare(k, tile, reduce, which),
  }))
  if (results.length > 0)
    throughPanels(k, { ...tile, length }, [tile.queries, tile.keys], (t, entry) =>
      addStep(k, tile, results, { t, entry }),
    )
  return tile.rowFours.map(
    (_, vector) =>
      new Map(
        results.map(({ key, registers }) => [key, (item: number): Value => registers.at(vector, item)]),
      ),
  )
}

/** A sum or maximum, in registers of the smallest extent that it depends on. */
interface Registers {
  /** Whether it differs between keys, and between rows. */
  readonly items: number
  readonly vectors: number
  readonly isWide: boolean
  readonly at: (vector: number, item: number) => Name
}

function declare(
  k: Author,
  { names, prefix = '', rowFours, keyFours }: PairTile,
  reduce: Reduce,
  which: number,
): Registers {
  const isWide = mentions(reduce, names.rows)
  const items = mentions(reduce, names.keys) ? keyFours.length * lanes : 1
  const vectors = isWide ? rowFours.length : 1
  const initial = reduce.operator === 'sum' ? 0 : lowest
  const word = reduce.operator === 'sum' ? 'dot' : 'largest'
  const all = k.registers(
    `${prefix}${word}${which || ''}`,
    isWide ? 'vec4f' : 'f32',
    items * vectors,
    initial,
  )
  const at = (vector: number, item: number): Name =>
    nth(all, (vectors === 1 ? 0 : vector) * items + (items === 1 ? 0 : item))
  return { items, vectors, isWide, at }
}

/** Adds one entry of all pairs, which is entry t of the panels. */
function addStep(
  k: Author,
  { names, queries, keys, rowFours, keyFours }: PairTile,
  results: readonly { readonly reduce: Reduce; readonly registers: Registers }[],
  { t, entry }: { readonly t: Value; readonly entry: Value },
): void {
  const rows = rowFours.map((four, vector) => k.let(`rows${vector}`, fromPanel(queries.panel, t, four)))
  for (const [group, four] of keyFours.entries()) {
    const columns = k.let(`keys${group}`, fromPanel(keys.panel, t, four))
    for (const { reduce, registers } of results)
      for (const lane of registers.items === 1 && group > 0 ? [] : fourLanes.slice(0, registers.items))
        for (const vector of range(registers.vectors)) {
          const term = termAt(reduce.body, entry, (name) =>
            name === names.rows ? nth(rows, vector) : ir.lane(columns, lane),
          )
          const register = registers.at(vector, group * lanes + lane)
          const value = registers.isWide ? widen(term) : term
          if (reduce.operator === 'sum') k.add(register, value)
          else k.set(register, ir.call('max', register, value))
        }
  }
}
