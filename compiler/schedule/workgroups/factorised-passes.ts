/** The fused passes of a factorised attention, by the decisions of its plan. */
import { boundBy, boundWithLengths } from '../action.ts'
import { positions, product } from '../buffers.ts'
import { eq, load, select, x, y } from '../equation/build.ts'
import { equationPass } from '../equation/plan.ts'
import type { EquationPass } from '../equation.ts'
import { seesLength, seesPosition } from '../feature-blocks.ts'
import { buffersOfAPass } from '../schedule.ts'
import type { BufferPlan, FinishPass, ReducePass, ScanPass, StepPass } from '../schedule.ts'
import { threads } from '../tiles.ts'
import type { FactorisedPlan } from './factorised-plan.ts'
import { stepTile } from './step-tile.ts'

/** Buffers that passes over features bind if the attention has them: projections, maxima, what rows act by. */
function sharedBuffers({ action, score, maxima, projected }: FactorisedPlan) {
  const matrix = score.projections === undefined ? [] : ['w']
  return {
    matrix,
    projection: projected === undefined ? matrix : ['projected'],
    maxima: maxima ? ['maxima'] : [],
    action: boundBy(action.operand),
  }
}

/** S and z of each chunk. */
export function reducePass(plan: FactorisedPlan): ReducePass {
  const { reduceTile: tile, attention, read, scaling } = plan
  const { projection, maxima, action } = sharedBuffers(plan)
  const tilesOfFeatures = read.key.blocks.reduce((sum, { size }) => sum + Math.ceil(size / tile.steps), 0)
  const tiles = tilesOfFeatures * Math.ceil(attention.valueDim / tile.columns)
  return {
    kind: 'reduce',
    name: 'reduce',
    tile,
    workgroups: product('sliceCount', 'chunks', tiles),
    buffers: ['k', 'v', ...projection, 'lengths', ...maxima, ...action, 'state'],
    features: read.key,
    action: plan.action.operand,
    scaling,
  }
}

/** The states before each chunk, or the total. */
export function scanPass(plan: FactorisedPlan): ScanPass {
  const { stateTile, attention, score, causal, scaling } = plan
  const { operand: action } = plan.action
  return {
    kind: 'scan',
    name: 'scan',
    tile: stateTile,
    workgroups: product('sliceCount', Math.ceil((score.features * (attention.valueDim + 1)) / threads)),
    buffers: [...boundWithLengths(action), 'state'],
    action,
    result: causal ? 'prefixes' : 'total',
    scaling,
  }
}

/** The rows of the output. */
export function finishPass(plan: FactorisedPlan): FinishPass {
  const { finishTile: tile, attention, headsPerGroup, causal, scaling, read, mended, ofCarried } = plan
  return {
    kind: 'finish',
    name: 'finish',
    tile,
    workgroups: product(
      'sliceCount',
      headsPerGroup,
      ['ceildiv', 'length', tile.rows],
      Math.ceil(attention.valueDim / tile.columns),
    ),
    buffers: finishBuffers(plan, gathersLengths(plan) ? ['bothLengths'] : lengthsOf(plan)),
    ...read,
    action: plan.action.operand,
    scaling,
    causal,
    division: attention.division,
    ...(mended && { mended: ofCarried }),
  }
}

/** Whether the lengths that *finish* needs are gathered in one buffer, because a pass has too few bindings for them. */
export const gathersLengths = (plan: FactorisedPlan): boolean =>
  finishBuffers(plan, lengthsOf(plan)).length > buffersOfAPass

const lengthsOf = ({ read }: FactorisedPlan): string[] => [
  'lengths',
  ...(seesLength(read.query) ? ['queryLengths'] : []),
]

function finishBuffers(plan: FactorisedPlan, lengths: readonly string[]): string[] {
  const { projection, maxima, action } = sharedBuffers(plan)
  const rows = plan.causal || plan.mended ? ['q', 'k', 'v'] : ['q']
  return [...rows, ...projection, ...lengths, ...maxima, ...action, 'state', 'out']
}

/** Puts both lengths of each batch item into one buffer, [2, B]. */
export const gatherLengths: EquationPass = equationPass({
  name: 'gather_lengths',
  extent: ['batch', 2, 1],
  value: select(eq(y, 0), load('lengths', x, 'u32'), load('queryLengths', x, 'u32')),
  out: 'bothLengths',
  what: 'the visible key rows of each batch item, then its query rows that count',
})

/** Puts the length of each batch item and the position of its first row into one buffer, [2, B]. */
export const gatherPositions: EquationPass = equationPass({
  name: 'gather_positions',
  extent: ['batch', 2, 1],
  value: select(eq(y, 0), load('lengths', x, 'u32'), load('positions', x, 'u32')),
  out: 'lengthsAndPositions',
  what: 'the visible key rows of each batch item, then the position of its first row',
})

/** What `gatherPositions` writes. */
export const lengthsAndPositions: BufferPlan = {
  ...positions,
  name: gatherPositions.out,
  role: 'scratch',
  size: product('batch', 2),
  layout: '[2, B], visible key rows, positions of first rows',
}

/** The buffers of a pass, with the positions of first rows; beside the lengths in one where there are too many. */
export function withPositions(buffers: readonly string[]): readonly string[] {
  if (buffers.some((name) => name === positions.name || name === lengthsAndPositions.name)) return buffers
  return buffers.length < buffersOfAPass
    ? [...buffers.slice(0, -1), positions.name, ...buffers.slice(-1)]
    : buffers.map((name) => (name === 'lengths' ? lengthsAndPositions.name : name))
}

/** One token, in one dispatch, because for so few rows a second dispatch costs more than transforms save. */
export function stepPass(plan: FactorisedPlan): StepPass {
  const { attention, carriedScaling, ofCarried } = plan
  const { matrix, action } = sharedBuffers(plan)
  const positions = stepSeesPosition(plan) ? ['positions'] : []
  return {
    kind: 'step',
    name: 'step',
    tile: stepTile(attention.valueDim, [ofCarried.query, ofCarried.key]),
    workgroups: 'sliceCount',
    buffers: ['q', 'k', 'v', ...matrix, ...positions, ...action, 'carried', 'out'],
    ...ofCarried,
    action: plan.action.operand,
    scaling: carriedScaling,
    division: attention.division,
  }
}

/** Whether φ of either side asks for the position of a token. */
export const stepSeesPosition = ({ written }: FactorisedPlan): boolean =>
  seesPosition(written.query) || seesPosition(written.key)
