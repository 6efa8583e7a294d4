/**
 * An attention of several steps: each in the verbs of a planner, in order. Everything
 * is a batch item's own, and no norm is taken beyond one head of it.
 */
import type { Attend, Attention, GivenRows, RowOperand, RowOperation } from '../../algebra/attention.ts'
import { givenRowsOf, isAlong, isGiven, shapeOf } from '../../algebra/facts.ts'
import { invariant, InvariantError } from '../../diagnostics/invariant.ts'
import { countedRows, dataBuffers, keyRows, product, queryLengths, queryRows, valueRows } from '../buffers.ts'
import { accumulatedPlan } from '../accumulate.ts'
import { besideOf } from '../beside.ts'
import { buffersOfData } from '../data.ts'
import { mappedBuffer, mappedPlace, mapPass, resultBuffer, resultPlace } from '../map.ts'
import { meansPass } from '../means.ts'
import { outlineOf } from '../outline.ts'
import { headsOf } from '../planner.ts'
import type { Attend as AttendRows, Matrix, Plan, Planner } from '../planner.ts'
import type { BufferPlan, Only, Rounds, Rows, Schedule } from '../schedule.ts'
import { inverseOf } from './inverse.ts'

/** Schedules the steps of an attention that has neither a state to carry nor rows to sort. */
export function scheduleSteps(attention: Attention, planner: Planner): Schedule {
  const { steps } = attention
  const walk: Walk = { attention, planner, ...restrictionOf(steps) }
  const planned = steps.map((step) => planOf(step, walk))
  const passes = planned.flatMap((plan) => plan.passes)
  const inner = steps.slice(0, -1).filter(({ kind }) => kind !== 'inverse')
  const counts = steps.some((step) => step.kind === 'means' && step.rows.of === 'q')
  const rounds = planned.flatMap((plan) => plan.rounds ?? [])
  return {
    ...outlineOf(attention),
    chunk: 1,
    chunks: 1,
    ...planned.find(({ chunks }) => chunks !== undefined)?.chunks,
    buffers: [
      ...dataBuffers(attention),
      ...(counts ? [queryLengths] : []),
      ...givenRowsOf(attention).map(givenBuffer),
      ...buffersOfData(attention, passes),
      ...inner.map((step) => roomForRows(step, attention)),
      ...planned.flatMap(({ buffers }) => buffers),
    ],
    passes,
    ...(rounds.length > 0 && { rounds }),
  }
}

/** What the plans of all steps share. */
export interface Walk {
  /** Whether iterations are kept, for gradients. */
  readonly kept?: boolean
  readonly attention: Attention
  readonly planner: Planner
  /** Batch items that the steps are for, where the others are computed without them. */
  readonly only?: Only
}

/** Where the output of short batch items is computed apart, the steps before it are for the others. */
export function restrictionOf(steps: readonly RowOperation[]): Pick<Walk, 'only'> {
  const last = steps.at(-1)
  const output = last?.kind === 'convolve' ? last.rows : last
  return output?.kind === 'either' ? { only: { fewer: 'moreThan', rows: output.most } } : {}
}

/** The passes that compute the rows of a step. */
export function planOf(step: RowOperation, walk: Walk): Plan & { readonly rounds?: Rounds } {
  const { planner, only } = walk
  const restricted = only === undefined ? {} : { only }
  switch (step.kind) {
    case 'map':
      return {
        passes: [
          mapPass(step, {
            attention: walk.attention,
            groups: 'kvHeads',
            decoding: false,
            inOrder: planner.rowsApart,
          }),
        ],
        buffers: [],
      }
    case 'accumulate':
      return accumulatedPlan(step, { groups: 'kvHeads' })
    case 'attend':
      return planner.attend({ ...attendRows(step, walk), ...restricted })
    case 'either':
    case 'convolve':
      return planOutput(step, walk)
    case 'means': {
      const rows = step.rows.of === 'q' ? countedRows : placeOf(step.rows)
      const means = meansPass({ name: step.name, rows, out: matrixOf(step), columns: widthOf(step) })
      return { passes: [means], buffers: [] }
    }
    case 'inverse':
      return inverseOf(planner, {
        core: matrixOf(step.matrix),
        steps: step.iterations,
        ...(walk.kept && { kept: true }),
        ...restricted,
      })
    case 'product': {
      const [left, right] = [matrixOf(step.left), placeOf(step.right)]
      const multiply = planner.product({
        name: step.name,
        over: isGiven(step) ? 'head' : 'sliceQueryHead',
        left,
        right,
        out: matrixOf(step),
        columns: widthOf(step),
        what: `${left.buffer} · ${right.buffer}`,
        ...restricted,
      })
      return { passes: [multiply], buffers: [] }
    }
    case 'filter':
    case 'carry':
    case 'recur':
    case 'near':
      throw new InvariantError(`${step.kind} has a strategy of its own`)
  }
}

/** An attention with a convolution added to its rows, or one of two for each batch item. */
function planOutput(step: Extract<RowOperation, { kind: 'either' | 'convolve' }>, walk: Walk): Plan {
  const { planner } = walk
  const rows = step.kind === 'convolve' ? step.rows : step
  const epilogue =
    step.kind === 'convolve'
      ? {
          epilogue: {
            filter: step.filter.weight,
            width: step.filter.width,
            values: placeOf(step.values),
          },
        }
      : {}
  const part = (one: Attend): AttendRows => ({ ...attendRows(one, walk), ...epilogue })
  if (rows.kind === 'attend') return planner.attend(part(rows))
  const { few, many, most } = rows
  return planner.attendEither({
    many: { ...part(many), only: { fewer: 'moreThan', rows: most } },
    few: { ...part(few), only: { fewer: 'atMost', rows: most } },
    most,
  })
}

/** Rows between steps. */
function roomForRows(step: RowOperation, { valueDim }: Attention): BufferPlan {
  if (isAlong(step)) return mappedBuffer(step, 'kvHeads')
  const place = placeOf(step)
  return place.count === 'length' ? resultBuffer(step, valueDim, 'kvHeads') : scratchFor(place, widthOf(step))
}

/** The attention of a step to the rows that its operands lie in. */
export function attendRows(step: Attend, { attention }: Pick<Walk, 'attention'>): AttendRows {
  const { mask, division } = attention
  const { queries } = step
  return {
    name: step.name,
    // Mapped rows carry √scale themselves.
    attention: queries.kind === 'map' ? { ...attention, dim: queries.width, scale: 1 } : attention,
    kernel: step.kernel,
    mask,
    division,
    ...besideOf(step, attention),
    over: isGiven(step) ? 'head' : 'sliceQueryHead',
    queries: placeOf(step.queries),
    keys: placeOf(step.keys),
    ...(step.values === undefined ? {} : { values: placeOf(step.values) }),
    columns: widthOf(step),
    out: placeOf(step),
  }
}

/** Where the rows of an operand lie. */
export function placeOf(rows: RowOperand): Rows {
  if (rows.kind === 'call') return { q: queryRows, k: keyRows, v: valueRows }[rows.of]
  if (isAlong(rows)) return mappedPlace(rows)
  if (rows.kind === 'given') return { buffer: rows.weight, of: 'head', count: rows.count }
  const { count } = shapeOf(rows)
  if (count === undefined) return resultPlace(rows)
  return { buffer: rows.result, of: ownerOf(rows), count }
}

function ownerOf(step: RowOperation): Rows['of'] {
  if (isGiven(step)) return 'head'
  return step.kind === 'means' && step.rows.of !== 'q' ? 'sliceKeyHead' : 'sliceQueryHead'
}

/** The place of rows of a fixed number. */
export function matrixOf(rows: RowOperand): Matrix {
  const { count, ...place } = placeOf(rows)
  invariant(typeof count === 'number', 'a matrix has a fixed number of rows')
  return { ...place, count }
}

/** Entries of a row between steps. */
export function widthOf(rows: RowOperand): number {
  const { width } = shapeOf(rows)
  invariant(width !== undefined, 'rows between steps have a fixed width')
  return width
}

/** Room for rows between steps. */
export function scratchFor({ buffer, of, count }: Rows, width: number): BufferPlan {
  const whose = of === 'head' ? 'head' : of === 'sliceKeyHead' ? 'key/value head' : 'query head'
  invariant(typeof count === 'number', 'a matrix has a fixed number of rows')
  return {
    name: buffer,
    role: 'scratch',
    element: 'f32',
    size: product(headsOf(of), count * width),
    layout: `per ${whose}: [${count} × ${width}]`,
  }
}

/** The buffer of a tensor that the caller gives. */
export function givenBuffer({ weight, count, width }: GivenRows): BufferPlan {
  const shared = { name: weight, role: 'weight', element: 'f32' } as const
  if (width === 'keyRows')
    return {
      ...shared,
      size: product('heads', count, 'keyLength'),
      layout: `[H, ${count}, P], the first S of P used`,
    }
  const sizes = count === 1 ? [width] : [count, width]
  return { ...shared, size: product('heads', ...sizes), layout: `[H, ${sizes.join(', ')}]` }
}
