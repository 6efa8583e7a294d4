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
import { forwardOf, partsOf } from '../cells/factorised.ts'
import type { Parts } from '../cells/factorised.ts'
import { scratch } from '../equation/plan.ts'
import type { Plan } from '../equation/plan.ts'
import type { FactorisedPlan } from '../cells/plan.ts'
import type { BufferPlan, Schedule } from '../schedule.ts'
import { gradientBuffers } from './buffers.ts'
import { keyCotangents, queryCotangents, rowCotangents, valueGradient } from './cotangents.ts'
import { gradientsOf } from './gradients.ts'
import { plainRows, relativeRows } from './relative.ts'
import { aheadPasses } from './ahead.ts'

/** Schedules the gradients of q, k and v: forward anew, then from the last rows to the first. */
export function backwardFactorised(attention: Attention, carry: Carry): Schedule {
  const parts = partsOf(attention, carry)
  const forward = forwardOf(parts)
  const backward = backwardPasses(parts)
  return {
    ...forward,
    // Of query rows, too, of which there may be more than of keys.
    chunks: ['max', 1, ['ceildiv', ['max', 'length', 'keyLength'], parts.plan.rowsOfChunk]],
    together: true,
    buffers: [
      ...forward.buffers.map((buffer) => recomputed(buffer, parts.plan)),
      ...gradientBuffers(attention),
      ...backward.flatMap(({ buffers }) => buffers),
    ],
    passes: [...forward.passes, ...backward.flatMap(({ passes }) => passes)],
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
    gradientsOf(parts),
  ]
}

/** What forward returns is needed, and is not returned. */
function recomputed(buffer: BufferPlan, { heads, attention }: FactorisedPlan): BufferPlan {
  if (buffer.role !== 'output') return buffer
  return scratch(
    buffer.name,
    [heads, 'length', attention.valueDim],
    `per query head and row: [${attention.valueDim}]`,
  )
}
