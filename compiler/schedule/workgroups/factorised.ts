/**
 * Factorised attention: reduce, scan, finish; with the papers' maxima before
 * them where the file asks for those.
 */
import type { Attention, Carry } from '../../algebra/attention.ts'
import { undecodable } from '../../algebra/facts.ts'
import { dataBuffers, positions, product, queryLengths } from '../buffers.ts'
import { modelChoices } from '../choices.ts'
import { projectionBuffer, seesLength } from '../feature-blocks.ts'
import { outlineOf } from '../outline.ts'
import { carriedSize, stateSize } from '../schedule.ts'
import type { BufferPlan, Pass, ReducePass, ScanPass, Schedule } from '../schedule.ts'
import { carryPass, totalBuffer } from './carried.ts'
import {
  finishPass,
  gatherLengths,
  gathersLengths,
  reducePass,
  scanPass,
  stepPass,
  stepSeesPosition,
} from './factorised-passes.ts'
import { planFactorised } from './factorised-plan.ts'
import type { FactorisedPlan } from './factorised-plan.ts'

/** Schedules factorised attention as fused passes, with the forms of decoding where the attention decodes. */
export function scheduleFactorised(
  attention: Attention,
  carry: Carry,
  transforms = true,
  choices = modelChoices,
): Schedule {
  const plan = planFactorised(attention, carry, transforms, choices)
  const [reduce, scan] = [reducePass(plan), scanPass(plan)]
  const forward = forwardOf(plan, reduce, scan)
  if (undecodable(attention) !== undefined) return forward
  return {
    ...forward,
    decoding: { prefill: prefillOf(plan, forward, scan), step: stepOf(plan, forward) },
  }
}

function forwardOf(plan: FactorisedPlan, reduce: ReducePass, scan: ScanPass): Schedule {
  const { attention, score, action, maxima, projected } = plan
  const gathers = gathersLengths(plan)
  const before: readonly Pass[] = [
    ...(gathers ? [gatherLengths] : []),
    ...(projected?.passes ?? []),
    ...(maxima?.passes ?? []),
  ]
  return {
    ...outlineOf(attention),
    features: score.features,
    groups: action.groups,
    chunk: plan.chunk,
    chunks: plan.chunks,
    buffers: [
      ...dataBuffers(attention),
      ...(seesLength(plan.read.query) ? [queryLengths] : []),
      ...(gathers ? [bothLengths] : []),
      ...projectionBuffer(attention.dim, score),
      ...(projected?.buffers ?? []),
      ...action.buffers,
      ...(maxima?.buffers ?? []),
      stateBuffer(plan),
    ],
    passes: [...before, reduce, scan, finishPass(plan)],
  }
}

/** The same call, which leaves the state of all rows for the tokens to come. */
function prefillOf(plan: FactorisedPlan, forward: Schedule, scan: ScanPass): Schedule {
  const { mended } = plan
  const carries = mended ? 'total' : 'carried'
  const carrying: ScanPass = {
    ...scan,
    name: mended ? 'scan_and_total' : 'scan_and_carry',
    carries,
    buffers: [...scan.buffers, carries],
  }
  // Plain sums are those of the call; decoding takes scaled ones over.
  const passes = mended ? [carrying, carryPass(plan)] : [carrying]
  return {
    ...forward,
    buffers: [...forward.buffers, ...(mended ? [totalBuffer(plan)] : []), carriedBuffer(plan)],
    passes: forward.passes.flatMap((pass) => (pass === scan ? passes : [pass])),
  }
}

function stepOf(plan: FactorisedPlan, forward: Schedule): Schedule {
  const { attention, score, action } = plan
  return {
    ...forward,
    chunks: 1,
    buffers: [
      ...dataBuffers(attention).filter(({ name }) => name !== 'lengths'),
      ...(stepSeesPosition(plan) ? [positions] : []),
      ...projectionBuffer(attention.dim, score),
      ...action.buffers,
      { ...carriedBuffer(plan), ...(plan.carriedScaling === 'scaled' && { scales: true }) },
    ],
    passes: [stepPass(plan)],
  }
}

function stateBuffer({ attention, score, scaling }: FactorisedPlan): BufferPlan {
  const { features } = score
  const { valueDim } = attention
  const scales =
    scaling === 'scaled' ? `, log-scale in the chunk [${features}], log-scale before it [${features}]` : ''
  return {
    name: 'state',
    role: 'scratch',
    element: 'f32',
    size: product('sliceCount', 'chunks', stateSize(features, valueDim, scaling)),
    layout: `per group and chunk: S [${features} × ${valueDim}], z [${features}]${scales}`,
  }
}

function carriedBuffer({ attention, score, action, carriedScaling }: FactorisedPlan): BufferPlan {
  const { features } = score
  const { valueDim } = attention
  const scales = carriedScaling === 'scaled' ? `, log-scale [${features}]` : ''
  return {
    name: 'carried',
    role: 'state',
    element: 'f32',
    size: product('batch', action.groups, carriedSize(features, valueDim, carriedScaling)),
    layout: `per group: S [${features} × ${valueDim}], z [${features}]${scales}`,
  }
}

const bothLengths: BufferPlan = {
  name: 'bothLengths',
  role: 'scratch',
  element: 'u32',
  size: product('batch', 2),
  layout: '[2, B], visible key rows, query rows that count',
}
