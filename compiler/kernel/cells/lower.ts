/** From a pass of cells to the kernel of one of its cells. */
import type { CellPass, Schedule } from '../../schedule/schedule.ts'
import type { CellKernel } from '../cell.ts'
import { lowerFeatures, lowerHeadMaximum, lowerRowMaxima } from './features.ts'
import { lowerFewRows } from './few-rows.ts'
import { cellFrame } from './frame.ts'
import { lowerAppend, lowerMeans, lowerNorms, lowerProduct, lowerTranspose } from './matrices.ts'
import {
  lowerAverage,
  lowerPairs,
  lowerPairScales,
  lowerPairWeights,
  lowerQuotients,
  lowerRowFactors,
} from './pairs.ts'
import { lowerNearWeights, lowerQueryWeights, lowerRead, lowerRowScales } from './read.ts'
import { lowerAbsorb, lowerChunk, lowerFold } from './states.ts'

/** One kernel a pass; nothing where the passes are those of another target. */
export function cellKernels(schedule: Schedule): CellKernel[] | undefined {
  const kernels = schedule.passes.flatMap((pass) =>
    pass.kind === 'cells' ? [lowerCells(schedule, pass)] : [],
  )
  return kernels.length === schedule.passes.length ? kernels : undefined
}

export function lowerCells(schedule: Schedule, pass: CellPass): CellKernel {
  const frame = cellFrame(schedule, pass)
  const { work } = pass
  switch (work.kind) {
    case 'features':
      return lowerFeatures(frame, pass, work)
    case 'row-maxima':
      return lowerRowMaxima(frame, pass, work)
    case 'head-maximum':
      return lowerHeadMaximum(frame, pass)
    case 'chunk':
      return lowerChunk(frame, pass, work)
    case 'fold':
      return lowerFold(frame, pass, work)
    case 'absorb':
      return lowerAbsorb(frame, pass, work)
    case 'row-scales':
      return lowerRowScales(frame, pass, work)
    case 'query-weights':
      return lowerQueryWeights(frame, pass, work)
    case 'near-weights':
      return lowerNearWeights(frame, pass, work)
    case 'read':
      return lowerRead(frame, pass, work)
    case 'pairs':
      return lowerPairs(frame, pass, work)
    case 'pair-scales':
      return lowerPairScales(frame, pass, work)
    case 'pair-weights':
      return lowerPairWeights(frame, pass, work)
    case 'row-factors':
      return lowerRowFactors(frame, pass, work)
    case 'average':
      return lowerAverage(frame, pass, work)
    case 'quotients':
      return lowerQuotients(frame, pass, work)
    case 'append':
      return lowerAppend(frame, pass, work)
    case 'means':
      return lowerMeans(frame, pass, work)
    case 'norms':
      return lowerNorms(frame, pass, work)
    case 'transpose':
      return lowerTranspose(frame, pass, work)
    case 'product':
      return lowerProduct(frame, pass, work)
    case 'few-rows':
      return lowerFewRows(frame, pass, work)
  }
}
