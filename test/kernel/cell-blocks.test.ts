// Cells in blocks compute what single cells do: at widths that fill no vector, and where columns or rows part ways.
import { expect, test } from 'vitest'
import { lowerEquation } from '../../compiler/kernel/cells/lower.ts'
import { interpret } from '../../compiler/kernel/interpret.ts'
import { toBinding } from '../../compiler/kernel/lower/frame.ts'
import { inThreads } from '../../compiler/kernel/lower/thread-blocks.ts'
import { inBlocks } from '../../compiler/kernel/sequential/cell-blocks.ts'
import { schedule } from '../../compiler/schedule/build.ts'
import * as eq from '../../compiler/schedule/equation/build.ts'
import { evaluateEquation } from '../../compiler/schedule/equation/evaluate.ts'
import { equationPass, scratch } from '../../compiler/schedule/equation/plan.ts'
import type { Formula } from '../../compiler/schedule/equation.ts'
import { compileOne, normals } from '../numeric/harness.ts'
import { shapeOf } from './shape.ts'

const { x, y, z } = eq
const [depth, length] = [6, 21]

/** What a cell may be, in a box of this width and as many rows as the call has queries. */
const formulas: Readonly<Record<string, (width: number) => Formula>> = {
  'a sum of products': (width) =>
    eq.sum('t', depth, (t) =>
      eq.mul(eq.load('a', eq.add(eq.mul(y, depth), t)), eq.load('b', eq.add(eq.mul(t, width), x))),
    ),
  'columns that lie apart': () =>
    eq.sum('t', depth, (t) =>
      eq.mul(eq.load('a', eq.add(eq.mul(y, depth), t)), eq.load('b', eq.add(eq.mul(x, depth), t))),
    ),
  'what chunks of rows share': (width) => eq.load('b', eq.add(eq.mul(eq.div(y, 4), width), x)),
  'loops that end with the row': () =>
    eq.sum('t', eq.add(eq.smaller(y, 5), 1), (t) => eq.load('b', eq.add(eq.mul(t, 4), x))),
  'columns that part ways': () =>
    eq.choose(
      eq.lt(x, 5),
      eq.sum('t', depth, (t) => eq.load('a', eq.add(eq.mul(x, depth), t))),
      2,
    ),
  'columns that part where vectors end': () =>
    eq.choose(eq.lt(x, 8), eq.load('b', x), eq.load('a', eq.sub(x, 8))),
  'rows that part ways': () =>
    eq.choose(
      eq.lt(y, 14),
      eq.sum('t', depth, (t) => eq.load('b', eq.add(x, t))),
      -1,
    ),
  'rows and columns that part ways': () => eq.choose(eq.ge(y, x), eq.load('a', eq.add(y, x)), 0),
  'choices without branches': () =>
    eq.select(eq.gt(eq.load('a', x), eq.load('b', y)), eq.load('a', eq.add(x, y)), 3),
  'a choice beside what overflows': () => {
    const entry = eq.load('a', eq.add(x, y))
    return eq.select(eq.gt(entry, 0), entry, eq.exponential(eq.mul(entry, 1000)))
  },
  'powers over a largest exponent': () => {
    const top = eq.largest('t', depth, (t) => eq.load('a', eq.add(eq.mul(t, 4), x)))
    return eq.powerOf(eq.load('b', eq.add(x, y)), top)
  },
  'functions, and remainders': () =>
    eq.add(eq.exponential(eq.load('a', eq.mod(x, 3))), eq.magnitude(eq.load('b', eq.add(x, z)))),
}

const plan = schedule(compileOne('attention a { dim: 4 kernel: exp(dot(q, k)) }').algebra)

const cases = (['thread', 'threads'] as const).flatMap((how) =>
  Object.entries(formulas).map(([name, formula]) => ({ name, how, formula })),
)

test.each(cases)('$name, by $how', ({ formula, how }) => {
  if ('unsupported' in plan) throw new Error(plan.unsupported)
  for (const width of how === 'threads' ? [8, 13, 19] : [4, 7, 8, 13, 16, 19]) {
    const extent = [width, 'length', 2] as const
    const pass = equationPass({ name: 'cells', extent, value: formula(width), out: 'out', what: 'cells' })
    const buffers = ['a', 'b', 'out'].map((name) => scratch(name, [1], ''))
    const output = toBinding(buffers[2], 'out')
    const cells = lowerEquation({ ...plan, buffers }, pass)
    const kernel = {
      thread: inBlocks(cells, output),
      threads: inThreads(cells, output, { columns: 8, rows: 4 }),
    }[how]
    expect(kernel, 'cells are alike enough').toBeDefined()
    if (kernel === undefined) return
    const shape = shapeOf({ length })
    const [a, b, count] = [normals(600, 1), normals(600, 2), width * length * 2]
    const found = new Float32Array(count).fill(Number.NaN)
    interpret(kernel, { a, b, out: found }, shape)
    const truth = new Float64Array(count).fill(Number.NaN)
    const numbers: Readonly<Record<string, Float64Array>> = {
      a: Float64Array.from(a),
      b: Float64Array.from(b),
      out: truth,
    }
    evaluateEquation(pass, shape, (name) => numbers[name] ?? new Float64Array())
    const off = truth.findIndex(
      (entry, n) => !(Math.abs(entry - (found[n] ?? Number.NaN)) <= 1e-5 * (1 + Math.abs(entry))),
    )
    expect(off === -1 ? '' : `cell ${off} of width ${width} is ${found[off]}, and not ${truth[off]}`).toBe('')
  }
})
