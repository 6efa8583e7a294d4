/**
 * The product at the heart of every fused pass: for each step along the depth of a tile, a thread multiplies the
 * weights of its rows by the entries of its columns, and adds the products to registers.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import * as ir from '../build.ts'
import type { Operand } from '../build.ts'
import type { Author } from '../author.ts'
import type { Target, Value } from '../kernel.ts'

/** What a thread sums for one vec4 row group, or for one row where the weights are f32. */
export interface RowSums {
  /** Σ weight · entry, for each of the thread's columns. */
  readonly sums: readonly Target[]
  /** Σ weight, the denominator, or Σ weight · z where a step gives z. */
  readonly total?: Target
}

/** One step along the depth. */
export interface ProductStep {
  /** For each row group: vec4f, or f32 where there is one row. */
  readonly weights: readonly Value[]
  /** f32, for each column. */
  readonly entries: readonly Value[]
  /** f32; 1 where it is left out. */
  readonly z?: Value
  /** Whether the thread has a column, where this is known in the kernel alone. */
  readonly exists?: (column: number) => Value
}

/** Adds the product of a tile of depth `depth` to the sums of a thread's rows; `step` declares what it reads at an index. */
export function contract(
  k: Author,
  index: string,
  depth: Operand,
  rows: readonly RowSums[],
  step: (index: Value) => ProductStep,
): void {
  k.loop(index, 0, depth, (at) => addProducts(k, rows, step(at)))
}

/** Adds one step of a tile product. */
export function addProducts(
  k: Author,
  rows: readonly RowSums[],
  { weights, entries, z, exists }: ProductStep,
): void {
  for (const [group, { sums, total }] of rows.entries()) {
    const weight = weights[group]
    invariant(weight !== undefined, 'each row group has a weight')
    if (total !== undefined) k.add(total, z === undefined ? weight : product(weight, z))
    for (const [column, entry] of entries.entries()) {
      const sum = sums[column]
      invariant(sum !== undefined, 'each column has a sum')
      k.guard(exists?.(column) ?? ir.bool(true), () => k.add(sum, product(weight, entry)))
    }
  }
}

const product = (weight: Value, entry: Value): Value =>
  ir.mul(weight, ir.typeOf(weight) === 'vec4f' ? ir.splat(entry) : entry)
