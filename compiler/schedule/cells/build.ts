/** From the algebra to passes of cells: one strategy per kind of score. */
import type { Attention } from '../../algebra/attention.ts'
import { InvariantError } from '../../diagnostics/invariant.ts'
import type { Schedule } from '../schedule.ts'
import { scheduleCompressedCells } from './compressed.ts'
import { scheduleExactCells } from './exact.ts'
import { scheduleFactorisedCells } from './factorised.ts'
import { scheduleLandmarkCells } from './landmarks.ts'

/** The schedule, or what this target does not have, in words for the writer of the file. */
export function scheduleCells(attention: Attention): Schedule | { readonly unsupported: string } {
  const { score } = attention
  switch (score.kind) {
    case 'exact':
      return scheduleExactCells(attention, score)
    case 'factorised':
      return scheduleFactorisedCells(attention, score)
    case 'landmarks':
      return scheduleLandmarkCells(attention, score)
    case 'compressed':
      return scheduleCompressedCells(attention, score)
    case 'bucketed':
      throw new InvariantError('buckets need a sort, which targets of cells do not have')
  }
}
