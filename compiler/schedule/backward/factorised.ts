/**
 * Gradients of a factorised attention, in equations: *Transformers are RNNs* (Katharopoulos et al., 2020), algorithm 1,
 * with the denominator, the action of rows and log-scales.
 *
 * With ĝ_i the cotangents of a row's numerators and denominator, over the row's scale, and v̂_j the value row with a 1
 * behind it,
 *
 *     u_i = φ'(q_i) · Σ_(j ≤ i) φ(k_j) v̂_jᵀ ĝ_i        what the state before a row says: the one that forward reads
 *     u_j = φ'(k_j) · Σ_(i ≥ j) φ(q_i) ĝ_iᵀ v̂_j        what comes after it: a scan from the last chunk to the first
 *     dv_j = Σ_(i ≥ j) φ(k_j)·φ(q_i) g_i               of the same state, read by features
 *
 * φ' being the exponential of a component alone; `pull.ts` goes on from u to dq and dk. A term's exponent is that of
 * its query and of its key, less the scale of the query's row: not above 0, as in forward. So no gradient needs a
 * scale of its own, and none depends on rows that the row does not see.
 */
import type { Attention, Carry } from '../../algebra/attention.ts'
import { dataBuffers, queryLengths } from '../buffers.ts'
import { add, load, mul, size, x, y, z } from '../equation/build.ts'
import { headAt } from '../equation/heads.ts'
import { forwardOf, partsOf } from '../cells/factorised.ts'
import type { Parts } from '../cells/factorised.ts'
import { scratch } from '../equation/plan.ts'
import type { Plan } from '../equation/plan.ts'
import type { FactorisedPlan } from '../cells/plan.ts'
import { projectionBuffer, seesLength } from '../feature-blocks.ts'
import { outlineOf } from '../outline.ts'
import type { Cotangents, Planner } from '../planner.ts'
import type { BufferPlan, Pass, Schedule } from '../schedule.ts'
import { gradientBuffers, resultPlan } from './buffers.ts'
import { keyCotangents, queryCotangents, rowCotangents, sumOfGroups, valueGradient } from './cotangents.ts'
import { gradientsOf } from './gradients.ts'
import type { WithResult } from './in-two.ts'
import type { Totals } from './parameters.ts'
import { projectionGradient } from './projection.ts'
import { plainRows, relativeRows } from './relative.ts'
import { aheadPasses } from './ahead.ts'

/**
 * Schedules the gradients of q, k and v: cotangents of φ and of values as a planner computes them, and what follows from
 * those.
 *
 * @param totals where that of the projection, if there is one, comes with them: how slices add it up
 */
export function backwardFactorised(
  attention: Attention,
  carry: Carry,
  planner: Planner,
  totals?: Totals,
): WithResult {
  const parts = partsOf(attention, carry)
  const fused = planner.cotangents?.(attention, carry)
  const begun = fused === undefined ? inEquations(parts) : inPasses(parts, fused)
  const projected = carry.score.projections !== undefined
  const whole = withGradients(
    attention,
    parts,
    begun,
    totals && projected ? [projectionGradient(parts, totals)] : [],
  )
  return fused === undefined ? { ...whole, result: resultOf(parts) } : whole
}

/** A schedule that leaves cotangents of φ, with the gradients of q and k that follow from them. */
export function withGradients(
  attention: Attention,
  parts: Parts,
  begun: Schedule,
  others: readonly Plan[] = [],
): Schedule {
  const gradients = [gradientsOf(parts), ...others]
  return {
    ...begun,
    together: true,
    buffers: [
      ...begun.buffers,
      ...gradientBuffers(attention),
      ...gradients.flatMap(({ buffers }) => buffers),
    ],
    passes: [...begun.passes, ...gradients.flatMap(({ passes }) => passes)],
  }
}

/** What forward leaves in `rows`, as the caller has it. */
function resultOf({ plan: { attention, groups, heads } }: Parts): Plan {
  const entry = load('rows', add(mul(add(mul(z, size('length')), y), attention.valueDim), x))
  return resultPlan(attention, heads, headAt(groups, 'sliceQueryHead', z), entry)
}

/** A planner's own passes, which keep no states. */
function inPasses(parts: Parts, { passes, buffers }: Cotangents): Schedule {
  const { plan, score, action, query } = parts
  const { attention, groups, rowsOfChunk } = plan
  return {
    ...outlineOf(attention),
    features: score.features,
    groups,
    chunk: rowsOfChunk,
    chunks: 1,
    buffers: [
      ...dataBuffers(attention).filter(({ role }) => role !== 'output'),
      ...(seesLength(query) ? [queryLengths] : []),
      ...projectionBuffer(attention.dim, score),
      ...action.buffers,
      ...buffers,
    ],
    passes: [...passes, ...sumOfGroups(plan).passes],
  }
}

/** Forward anew, then from the last rows to the first. */
export function inEquations(parts: Parts): Schedule {
  const forward = forwardOf(parts)
  const backward = backwardPasses(parts)
  return {
    ...forward,
    // Of query rows, too, of which there may be more than of keys.
    chunks: ['max', 1, ['ceildiv', ['max', 'length', 'keyLength'], parts.plan.rowsOfChunk]],
    buffers: [
      ...forward.buffers.map((buffer) => recomputed(buffer, parts.plan)),
      ...backward.flatMap(({ buffers }) => buffers),
    ],
    passes: [...forward.passes.map(intoRows), ...backward.flatMap(({ passes }) => passes)],
  }
}

function backwardPasses(parts: Parts): readonly Plan[] {
  const relative = parts.plan.scaling === 'scaled' ? relativeRows(parts) : plainRows
  return [
    rowCotangents(parts.plan),
    relative,
    queryCotangents(parts.plan, relative),
    aheadPasses(parts.plan, relative),
    keyCotangents(parts.plan, relative),
    valueGradient(parts.plan),
  ]
}

/** A pass of forward, into `rows` in place of `out`. */
function intoRows(pass: Pass): Pass {
  if (pass.kind !== 'equation' || pass.out !== 'out') return pass
  return { ...pass, out: 'rows', buffers: pass.buffers.map((name) => (name === 'out' ? 'rows' : name)) }
}

/** What forward returns is needed, and is not returned. */
function recomputed(buffer: BufferPlan, { heads, attention }: FactorisedPlan): BufferPlan {
  if (buffer.role !== 'output') return buffer
  return scratch(
    'rows',
    [heads, 'length', attention.valueDim],
    `per query head and row: [${attention.valueDim}]`,
  )
}
