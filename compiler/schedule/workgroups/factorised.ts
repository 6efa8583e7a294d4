/**
 * Factorised attention: reduce, scan, finish; with the papers' maxima before
 * them where the file asks for those.
 */
import { add, load, mul, size, x, z } from '../equation/build.ts'
import { equationPass } from '../equation/plan.ts'
import type { EquationPass } from '../equation.ts'
import type { Attention, Carry } from '../../algebra/attention.ts'
import { undecodable } from '../../algebra/facts.ts'
import { dataBuffers, positions, product, queryLengths } from '../buffers.ts'
import { modelChoices } from '../choices.ts'
import { projectionBuffer, seesLength } from '../feature-blocks.ts'
import { outlineOf } from '../outline.ts'
import { carriedSize, stateSize } from '../schedule.ts'
import type { BufferPlan, FinishPass, Pass, ReducePass, ScanPass, Schedule } from '../schedule.ts'
import { carryPass, totalBuffer } from './carried.ts'
import {
  finishPass,
  gatherLengths,
  gatherPositions,
  lengthsAndPositions,
  gathersLengths,
  reducePass,
  scanPass,
  stepPass,
  stepSeesPosition,
  withPositions,
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
  const manner = { transforms, choices, mends: true }
  const plan = planFactorised(attention, carry, manner)
  const [reduce, scan] = [reducePass(plan), scanPass(plan)]
  const forward = forwardOf(plan, reduce, scan)
  if (undecodable(attention) !== undefined) return forward
  return {
    ...forward,
    decoding: {
      prefill: prefillOf(plan, forward, scan),
      step: stepOf(plan, forward),
      resume: resumeOf(planFactorised(attention, carry, { ...manner, mends: false }), plan.mended),
    },
  }
}

function forwardOf(
  plan: FactorisedPlan,
  reduce: ReducePass,
  scan: ScanPass,
  finish = finishPass(plan),
): Schedule {
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
    passes: [...before, reduce, scan, finish],
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

/**
 * A call behind the rows of a state. Sums are as decoding carries them: a row cannot be computed anew from keys that are
 * not at hand.
 *
 * @param otherwise whether a whole call has them in another way
 */
function resumeOf(plan: FactorisedPlan, otherwise: boolean): Schedule {
  const sees = stepSeesPosition(plan)
  // Kernels of one name are the same in all forms.
  const own = <Own extends ReducePass | FinishPass>(pass: Own): Own =>
    sees || otherwise
      ? {
          ...pass,
          name: `${pass.name}_behind`,
          buffers: sees ? withPositions(pass.buffers) : pass.buffers,
        }
      : pass
  const scan: ScanPass = {
    ...scanPass(plan),
    name: 'scan_on',
    begins: 'before',
    carries: 'carried',
    buffers: [...scanPass(plan).buffers, 'before', 'carried'],
  }
  const whole = forwardOf(plan, own(reducePass(plan)), scan, own(finishPass(plan)))
  const gathers = whole.passes.some(({ buffers }) => buffers.includes(lengthsAndPositions.name))
  return {
    ...whole,
    buffers: [
      ...whole.buffers,
      ...(sees ? [positions] : []),
      ...(gathers ? [lengthsAndPositions] : []),
      { ...carriedBuffer(plan), name: 'before', role: 'scratch' },
      carriedBuffer(plan),
    ],
    passes: [...(gathers ? [gatherPositions] : []), takeBefore(plan), ...whole.passes],
  }
}

/** The state as it is before the call: those who begin with it may not see what others leave. */
const takeBefore = (plan: FactorisedPlan): EquationPass => {
  const { features } = plan.score
  const numbers = carriedSize(features, plan.attention.valueDim, plan.carriedScaling)
  const at = add(mul(add(size('sliceStart'), z), numbers), x)
  return equationPass({
    name: 'take_before',
    extent: [numbers, 1, 'sliceCount'],
    value: load('carried', at),
    out: 'before',
    place: at,
    what: 'the state before the call',
  })
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
