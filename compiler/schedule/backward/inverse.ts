/**
 * The adjoint of the iterative pseudo-inverse of `strategies/inverse.ts`, iteration by iteration from the last one, and
 * of its starting matrix. With X = AZ, P = 7I − X, Q = 15I − XP, R = 13I − XQ and Z′ = ¼ZR,
 *
 *     R̄ = ¼ Zᵀ Z̄′      Q̄ = −Xᵀ R̄      P̄ = −Xᵀ Q̄      X̄ = −R̄ Qᵀ − Q̄ Pᵀ − P̄
 *     Z̄ = ¼ Z̄′ Rᵀ + Aᵀ X̄                            Ā += X̄ Zᵀ
 */
import type { Inverse } from '../../algebra/attention.ts'
import { isGiven } from '../../algebra/facts.ts'
import {
  add,
  eq,
  gt,
  inverse,
  largest,
  load,
  lt,
  mul,
  named,
  real,
  select,
  sub,
  sum,
  x,
  y,
  z,
} from '../equation/build.ts'
import { entryOf, headAt } from '../equation/heads.ts'
import type { Head } from '../equation/heads.ts'
import { equationPass, scratch } from '../equation/plan.ts'
import type { EquationPass, Formula } from '../equation.ts'
import { headsOf } from '../planner.ts'
import type { Matrix } from '../planner.ts'
import type { Rounds } from '../schedule.ts'
import { iterate } from '../strategies/inverse.ts'
import { matrixOf } from '../strategies/steps.ts'
import type { Adjoint, Entry } from './adjoint.ts'

/** Names of the matrices of a round. */
const names = {
  gradient: 'iterateGradient',
  earlier: 'iterateGradientBefore',
  total: 'iterationsGradient',
  nextTotal: 'iterationsGradientNext',
  applied: 'appliedAgain',
  sevenths: 'innerAgain',
  fifteenths: 'outerAgain',
  ofR: 'gradientOfThirteen',
  ofQ: 'gradientOfFifteen',
  ofP: 'gradientOfSeven',
  ofApplied: 'gradientOfApplied',
} as const

/** An entry of a square matrix of the head of the cell. */
type Square = (row: Formula, column: Formula) => Formula

/** The passes of an adjoint, of which some run in rounds. */
export interface RoundsAdjoint extends Adjoint {
  readonly rounds: readonly Rounds[]
}

/** The adjoint of a pseudo-inverse whose iterations are kept. */
export function adjointOfInverse(step: Inverse, cotangent: Entry): RoundsAdjoint {
  const core = matrixOf(step.matrix)
  const { count } = core
  const over = isGiven(step) ? 'head' : 'sliceQueryHead'
  const extent = [count, count, headsOf(core.of)] as const
  const head = headAt('kvHeads', over, z, { lengths: over !== 'head' })
  const named = (buffer: string): Square => squareOf({ ...core, buffer }, head)
  const pass = (name: string, out: string, value: Formula, what: string): EquationPass =>
    equationPass({ name, extent, value, out, what })
  const latest = iterate(step.iterations - 1, step.iterations)
  return {
    passes: [
      pass('begin_inverse_gradient', names.gradient, cotangent(head, y, x), 'the gradient of the inverse'),
      pass('begin_core_gradient', names.total, mul(named(core.buffer)(y, x), 0), 'no gradient yet'),
      ...roundPasses(pass, named, core, latest),
      startWeightPass(named, core, iterate(0, step.iterations)),
      ...startPasses(pass, named, core),
    ],
    buffers: [
      ...[...Object.values(names), 'startGradient'].map((name) =>
        scratch(name, extent, `per head: [${count} × ${count}]`),
      ),
      scratch('startWeight', [headsOf(core.of)], 'per head'),
    ],
    rounds: [
      {
        first: 'apply_inverse_again',
        last: 'add_core_gradient',
        times: step.iterations,
        swap: [
          [names.gradient, names.earlier],
          [names.total, names.nextTotal],
        ],
        along: Array.from({ length: step.iterations + 1 }, (_, round) =>
          iterate(Math.max(0, step.iterations - 1 - round), step.iterations),
        ),
      },
    ],
    contributions: [
      {
        to: step.matrix,
        over,
        entry: (head, row, column) =>
          load('startGradient', entryOf({ ...core, buffer: 'startGradient' }, head, row, count, column)),
      },
    ],
  }
}

const squareOf =
  (matrix: Matrix, head: Head): Square =>
  (row, column) =>
    load(matrix.buffer, entryOf(matrix, head, row, matrix.count, column))

const transposed =
  (of: Square): Square =>
  (row, column) =>
    of(column, row)

/** diagonal · I − of. */
const less =
  (diagonal: number, of: Square): Square =>
  (row, column) =>
    sub(select(eq(row, column), real(diagonal), 0), of(row, column))

type MakePass = (name: string, out: string, value: Formula, what: string) => EquationPass

/** One iteration, computed anew and taken back. */
function roundPasses(
  pass: MakePass,
  named: (buffer: string) => Square,
  { buffer, count }: Matrix,
  latest: string,
): EquationPass[] {
  const times = (left: Square, right: Square): Formula => sum('t', count, (t) => mul(left(y, t), right(t, x)))
  const [core, before, gradient] = [named(buffer), named(latest), named(names.gradient)]
  const [applied, sevenths, fifteenths] = [
    named(names.applied),
    named(names.sevenths),
    named(names.fifteenths),
  ]
  const [ofR, ofQ, ofP, ofApplied] = [
    named(names.ofR),
    named(names.ofQ),
    named(names.ofP),
    named(names.ofApplied),
  ]
  const what = 'a product of the iteration, computed anew'
  return [
    pass('apply_inverse_again', names.applied, times(core, before), what),
    pass('nest_seven_again', names.sevenths, times(applied, less(7, applied)), what),
    pass('nest_fifteen_again', names.fifteenths, times(applied, less(15, sevenths)), what),
    pass(
      'gradient_of_thirteen',
      names.ofR,
      mul(times(transposed(before), gradient), 1 / 4),
      'the gradient of 13I − X(15I − X(7I − X))',
    ),
    pass(
      'gradient_of_fifteen',
      names.ofQ,
      sub(0, times(transposed(applied), ofR)),
      'the gradient of 15I − X(7I − X)',
    ),
    pass('gradient_of_seven', names.ofP, sub(0, times(transposed(applied), ofQ)), 'the gradient of 7I − X'),
    pass(
      'gradient_of_applied',
      names.ofApplied,
      sub(
        sub(0, add(times(ofR, transposed(less(15, sevenths))), times(ofQ, transposed(less(7, applied))))),
        ofP(y, x),
      ),
      'the gradient of X',
    ),
    pass(
      'gradient_before',
      names.earlier,
      add(mul(times(gradient, transposed(less(13, fifteenths))), 1 / 4), times(transposed(core), ofApplied)),
      'the gradient of the matrix before the iteration',
    ),
    pass(
      'add_core_gradient',
      names.nextTotal,
      add(named(names.total)(y, x), times(ofApplied, transposed(before))),
      `the gradient of ${buffer}, of the iterations so far`,
    ),
  ]
}

/** What the starting matrix weighs in its gradient: the cotangent of a factor of it, once for all its entries. */
function startWeightPass(
  square: (buffer: string) => Square,
  { of, count }: Matrix,
  first: string,
): EquationPass {
  const [gradient, start] = [square(names.gradient), square(first)]
  return equationPass({
    name: 'weigh_start',
    extent: [1, 1, headsOf(of)],
    value: sum('i', count, (i) => sum('t', count, (t) => mul(gradient(i, t), start(i, t)))),
    out: 'startWeight',
    what: 'the gradient of a factor of the matrix that the iteration starts from',
  })
}

/** Aᵀ over its norms: through the matrix, and through the column and the row that have the largest sums. */
function startPasses(
  pass: MakePass,
  square: (buffer: string) => Square,
  { buffer, count }: Matrix,
): EquationPass[] {
  const line = (which: number, at: Formula): Formula =>
    load('lineSums', add(mul(add(mul(z, 2), which), count), at))
  const norm = (which: number): Formula =>
    named(
      which === 0 ? 'ofColumns' : 'ofRows',
      largest('line', count, (at) => line(which, at)),
    )
  const [core, gradient] = [square(buffer), square(names.gradient)]
  const weight = load('startWeight', z)
  const sign = select(gt(core(y, x), 0), real(1), select(lt(core(y, x), 0), real(-1), 0))
  const share = (which: number, at: Formula): Formula =>
    select(eq(line(which, at), norm(which)), inverse(norm(which)), 0)
  return [
    pass(
      'gradient_of_start',
      'startGradient',
      add(
        square(names.total)(y, x),
        sub(
          mul(gradient(x, y), inverse(named('norms', mul(norm(0), norm(1))))),
          mul(weight, mul(sign, add(share(0, x), share(1, y)))),
        ),
      ),
      `the gradient of ${buffer}, with that of the matrix that the iteration starts from`,
    ),
  ]
}
