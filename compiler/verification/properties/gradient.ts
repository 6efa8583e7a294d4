/** The gradients of the kernels are those of what the file says: `backward` against float64. */
import { times } from '../../diagnostics/counted.ts'
import * as fc from 'fast-check'
import { parametersOf } from '../../algebra/facts.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import { referenceGradients } from '../../reference/gradient/gradients.ts'
import { underivable } from '../../schedule/build.ts'
import { callOf, cases, type Case, describeCase, fraction, tensor } from '../cases/case.ts'
import { asReference } from '../cases/weights.ts'
import type { GradientCall, Gradients } from '../execution/executor.ts'
import {
  byName,
  nudgedAllowance,
  plainAllowance,
  rootMeanSquare,
  rootMeanSquareGap,
} from '../rounding/gradients.ts'
import { numberText, smallText, tableOf, worstDifference } from './difference.ts'
import { gradientLayout, whereInGradient } from './gradient-layout.ts'
import { executorOf, type Property, type Subject } from './property.ts'
import { type Failure, tryCases } from './try-cases.ts'

interface Given {
  readonly shape: Case
  /** Keys that count in the first batch item, as a fraction of all; all in the next; all in both where absent. */
  readonly part: number | undefined
  /** Of the projection; of 0 it is the file's own, and gradients are those of q, k and v alone. */
  readonly draw: number
}

/** A chunk of rows and half of another. */
const longest = 48

/** Of what a case is made from, the cotangents of the output. */
const stream = 50_000

export const gradient: Property = {
  name: 'gradient',
  onDevice: true,
  inapplicable: ({ platform, algebra, executor }) => {
    if (platform.backend === 'reference') return 'this backend is the float64 reference itself'
    const why = underivable(algebra)
    if (why !== undefined) return `it has no gradients, since ${why}`
    return executor !== undefined && executor.backward === undefined
      ? `${platform.device} computes no gradients`
      : undefined
  },
  check: async (subject, effort) => {
    const executor = executorOf(subject)
    const why = await executor.underivable?.()
    if (why !== undefined) return { status: 'skipped', detail: `it has no gradients, since ${why}` }
    let worst = 0
    return tryCases<Given>(
      {
        cases: fc.record({
          shape: cases({ heads: subject.heads, rows: subject.rows, longest, norms: [1, 0.5] }).map(shortened),
          part: fc.option(fraction(), { nil: undefined }),
          draw: fc.nat({ max: 3 }),
        }),
        describe: ({ shape, part }) =>
          part === undefined
            ? describeCase(shape)
            : `${describeCase(shape)}, of which ${keysThatCount(shape, part)} keys count in the first batch item`,
        held: (count) =>
          `${times(count)} ${gradientNames(subject)} agreed with float64; the largest error is ${smallText(worst)} of a gradient`,
        attempt: async (given) => {
          const call = gradientCall(subject, given)
          if (given.draw > 0 && executor.projection !== undefined) executor.redraw(given.draw)
          invariant(executor.backward !== undefined, 'gradients are checked where there are some')
          const found = await executor.backward(call)
          const { error, failure } = compared(subject, call, found, executor.projection)
          worst = Math.max(worst, error)
          return failure
        },
      },
      // Gradients in float64 take several times as long as rows.
      { ...effort, runs: Math.ceil(effort.runs / 2) },
    )
  },
}

const gradientNames = ({ algebra }: Subject): string => {
  const [parameters] = parametersOf(algebra)
  return parameters === undefined ? 'dq, dk and dv' : `dq, dk, dv and d${parameters}`
}

const shortened = (shape: Case): Case => ({ ...shape, keyLength: Math.min(shape.keyLength, longest) })

const keysThatCount = ({ keyLength }: Pick<Case, 'keyLength'>, part: number): number =>
  Math.ceil(part * keyLength)

function gradientCall({ model, algebra }: Subject, { shape, part, draw }: Given): GradientCall {
  const call = callOf(model, shape)
  const { batch, heads, length, keyLength } = call
  return {
    ...call,
    dout: tensor(batch * heads, length, model.valueDim, stream + shape.values, 1),
    ...(draw > 0 && { wrt: parametersOf(algebra) }),
    ...(part !== undefined && {
      lengths: Array.from({ length: batch }, (_, item) =>
        item === 0 ? keysThatCount(call, part) : keyLength,
      ),
    }),
  }
}

/** The gradients of a call against float64, each as a whole. */
function compared(
  { model, weights }: Subject,
  call: GradientCall,
  found: Gradients,
  projection: Float32Array | undefined,
): { readonly error: number; readonly failure?: Failure } {
  const inputs = { ...call, ...asReference(model, weights), ...(projection && { projection }) }
  const expected = referenceGradients(model, inputs)
  const plain = plainAllowance(model, inputs, expected)
  const gradients = byName(found)
  let error = 0
  for (const [name, truth] of Object.entries(byName(expected))) {
    const { [name]: gradient = new Float32Array() } = gradients
    const { [name]: quick = 0 } = plain
    const gap = rootMeanSquareGap(gradient, truth)
    // What is no number is beyond any bound.
    if (!(gap <= quick)) {
      const allowed = quick + (nudgedAllowance(model, inputs, expected)[name] ?? 0)
      if (!(gap <= allowed))
        return { error, failure: failureOf(name, call, { found: gradient, truth, gap, allowed }) }
    }
    const size = rootMeanSquare(truth)
    if (size > quick) error = Math.max(error, gap / size)
  }
  return { error }
}

function failureOf(
  name: string,
  call: GradientCall,
  {
    found,
    truth,
    gap,
    allowed,
  }: {
    readonly found: Float32Array
    readonly truth: Float64Array
    readonly gap: number
    readonly allowed: number
  },
): Failure {
  const layout = gradientLayout(name, call, truth.length)
  const off = `d${name} is off by ${smallText(gap)}, where float64 is ${smallText(rootMeanSquare(truth))} (root mean squares) and ${smallText(allowed)} is allowed`
  const difference = worstDifference(found, truth, () => Number.MIN_VALUE, layout)
  if (difference === undefined) return { what: off, table: { columns: [], rows: [] } }
  return {
    what: `${off}; ${whereInGradient(name, difference, call)}: the kernels give ${numberText(difference.found)} where float64 gives ${numberText(difference.expected)}`,
    table: tableOf(
      difference,
      [
        ['kernels', found],
        ['float64', truth],
      ],
      layout,
    ),
  }
}
