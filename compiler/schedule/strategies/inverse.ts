/**
 * The iterative pseudo-inverse of each head's small square matrix A:
 *
 *     Z₀ = Aᵀ / (‖A‖₁ ‖A‖∞),   Z ← ¼ Z(13I − AZ(15I − AZ(7I − AZ))),
 *
 * four products a step: AZ; with it on the left the two inner brackets; and
 * with Z on the left the next Z.
 */
import type { Size } from '../../../runtime/contract/size.ts'
import { product } from '../buffers.ts'
import {
  add,
  choose,
  eq,
  inverse,
  largest,
  load,
  magnitude,
  mul,
  named,
  sum,
  x,
  y,
  z,
} from '../equation/build.ts'
import { equationPass } from '../equation/plan.ts'
import type { EquationPass, Formula } from '../equation.ts'
import { headsOf } from '../planner.ts'
import type { Matrix, Plan, Planner, Product } from '../planner.ts'
import type { BufferPlan, Only, Pass, Rounds } from '../schedule.ts'

/** A plan whose products run in rounds. */
interface Inverse extends Plan {
  readonly rounds: Rounds
  /** Where A⁺ is. */
  readonly result: Matrix
}

/** The matrix after so many of all iterations, where each is kept. */
export const iterate = (number: number, steps: number): string =>
  number === steps ? 'inverse' : `inverse${number}`

/**
 * The passes of `steps` iterations on `core`, [count, count] for each head; `result` names the matrix A⁺.
 *
 * @param from.kept whether the matrix of each iteration stays, for gradients
 */
export function inverseOf(
  planner: Planner,
  from: { readonly core: Matrix; readonly steps: number; readonly only?: Only; readonly kept?: boolean },
): Inverse {
  const { core, steps, only, kept = false } = from
  const [before, after] = kept ? [iterate(0, steps), iterate(1, steps)] : ['inverse', 'inner']
  const iterates = kept
    ? Array.from({ length: steps + 1 }, (_, number) => iterate(number, steps))
    : ['inverse']
  const { count } = core
  const heads = headsOf(core.of)
  const square = (buffer: string): Matrix => ({ ...core, buffer })
  const multiply = (
    name: string,
    left: string,
    right: string,
    out: string,
    how: Pick<Product, 'diagonal' | 'factor'> = {},
  ): Pass =>
    planner.product({
      name,
      over: core.of === 'head' ? 'head' : 'sliceQueryHead',
      left: square(left),
      right: square(right),
      out: square(out),
      columns: count,
      what: 'a product of the iteration',
      ...how,
      ...(only === undefined ? {} : { only }),
    })
  const products = [
    multiply('apply_inverse', core.buffer, before, 'applied'),
    multiply('nest_seven', 'applied', 'applied', 'inner', { diagonal: 7 }),
    multiply('nest_fifteen', 'applied', 'inner', 'outer', { diagonal: 15 }),
    multiply('refine_inverse', before, 'outer', after, { diagonal: 13, factor: 1 / 4 }),
  ]
  return {
    passes: [...startPasses(core, heads, before), ...products],
    buffers: [
      scratch('lineSums', product(heads, 2 * count), `[2 × ${count}], sums down columns and along rows`),
      ...[...iterates, 'applied', 'inner', 'outer'].map((name) =>
        scratch(name, product(heads, count * count), `[${count} × ${count}]`),
      ),
    ],
    rounds: {
      first: 'apply_inverse',
      last: 'refine_inverse',
      times: steps,
      ...(kept ? { swap: [], along: iterates } : { swap: [['inverse', 'inner']] }),
    },
    result: square('inverse'),
  }
}

/** Aᵀ over the largest sum of magnitudes down a column, times the largest along a row. */
function startPasses({ buffer, count }: Matrix, heads: Size, out: string): EquationPass[] {
  const entry = (row: Formula, column: Formula): Formula =>
    load(buffer, add(mul(add(mul(z, count), row), count), column))
  const along = (of: (t: Formula) => Formula): Formula => sum('t', count, (t) => magnitude(of(t)))
  const norm = (which: number): Formula =>
    largest('line', count, (line) => load('lineSums', add(mul(add(mul(z, 2), which), count), line)), 'norm')
  return [
    equationPass({
      name: 'line_sums',
      extent: [count, 2, heads],
      value: choose(
        eq(y, 0),
        along((t) => entry(t, x)),
        along((t) => entry(x, t)),
      ),
      out: 'lineSums',
      what: `sums of magnitudes down the columns and along the rows of ${buffer}`,
    }),
    equationPass({
      name: 'start_inverse',
      extent: [count, count, heads],
      value: mul(entry(x, y), inverse(named('norms', mul(norm(0), norm(1))))),
      out,
      what: `${buffer}ᵀ / (‖${buffer}‖₁ ‖${buffer}‖∞)`,
    }),
  ]
}

const scratch = (name: string, size: Size, layout: string): BufferPlan => ({
  name,
  role: 'scratch',
  element: 'f32',
  size,
  layout: `per head: ${layout}`,
})
