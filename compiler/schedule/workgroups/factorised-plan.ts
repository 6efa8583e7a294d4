/** The decisions that come before the passes of a factorised attention: how sums are held, the tiles, who projects. */
import type { Size } from '../../../runtime/contract/size.ts'
import { carriesScales } from '../../algebra/attention.ts'
import type { Attention, Carry, FactorisedScore } from '../../algebra/attention.ts'
import { planAction } from '../action.ts'
import type { ActionPlan } from '../action.ts'
import type { Choices } from '../choices.ts'
import { hasMaxima } from '../maxima.ts'
import { maximaPasses, together } from '../maxima-passes.ts'
import { mends } from '../mending.ts'
import { sidesOf } from '../feature-blocks.ts'
import type { Sides } from '../feature-blocks.ts'
import type { Plan } from '../planner.ts'
import { projectByTransform } from '../projected.ts'
import type { ProjectedRows } from '../projected.ts'
import type { Features, Scaling, Tile } from '../schedule.ts'
import { scaledTerm } from '../terms.ts'
import { finishTile, rowsOfChunk, rowsOfTile, shortChunk, sumTile, valueTile } from '../tiles.ts'

/** The decisions that the passes of all forms share. */
export interface FactorisedPlan {
  readonly attention: Attention
  readonly score: FactorisedScore
  readonly causal: boolean
  /** What rows do to the state, and whose state it is. */
  readonly action: ActionPlan
  readonly headsPerGroup: Size
  readonly chunk: number
  readonly chunks: Size
  /** How the passes of a call hold their sums, and φ for these. */
  readonly scaling: Scaling
  readonly written: Sides
  /** The same with projected rows in place of projections, where transforms project them. */
  readonly read: Sides
  /** How decoding holds its sums, and φ for these. */
  readonly carriedScaling: Scaling
  readonly ofCarried: Sides
  /** Whether rows are computed anew that plain sums may have lost. */
  readonly mended: boolean
  readonly reduceTile: Tile
  /** Of passes in which a thread has numbers of a state. */
  readonly stateTile: Tile
  readonly finishTile: Tile
  readonly maxima: Plan | undefined
  readonly projected: ProjectedRows | undefined
}

/** What passes may do. */
export interface Manner {
  /** Rows may be projected by fast transforms where that is cheaper than products. */
  readonly transforms: boolean
  readonly choices: Choices
  /** All keys are at hand, so that a row may be computed anew from them. */
  readonly mends: boolean
}

/** The decisions for passes that may do so. */
export function planFactorised(
  attention: Attention,
  carry: Carry,
  { transforms, choices: { summedRows, chunk: chosen }, mends: mayMend }: Manner,
): FactorisedPlan {
  const { valueDim, mask } = attention
  const { score } = carry
  const causal = mask.kind === 'causal'
  // What decoding carries is scaled all the same (see `carried.ts`): a step has no keys to compute a row anew from.
  const carriedScaling: Scaling = carriesScales(attention, carry) ? 'scaled' : 'plain'
  const mended = mayMend && mends(attention, carry)
  const scaling: Scaling = mended ? 'plain' : carriedScaling
  const action = planAction(carry.action)
  const headsPerGroup: Size = action.groups === 'heads' ? 1 : ['ceildiv', 'heads', 'kvHeads']
  const reduceTile = sumTile(valueDim, Math.max(...score.key.map(({ size }) => size)))
  const maxima = hasMaxima(score, attention.stabilize) ? maximaPasses(attention, score, together) : undefined
  const written = sidesOf(attention, score, scaling, scaledTerm)
  const blocks = [...written.query.blocks, ...written.key.blocks]
  const tileOfFinish = finishTile(
    valueDim,
    causal && chosen === 'short'
      ? shortChunk(score.features, valueDim)
      : rowsOfChunk(score.features, valueDim),
    blocks.some(({ term }) => term.kind === 'scaled' && term.coefficient !== undefined),
  )
  // A causal chunk is a tile: its pairs are taken all at once.
  const chunk = causal ? tileOfFinish.rows : summedRows
  const ofMaxima = maxima ? 1 : 0
  const uses = {
    query: ofMaxima + Math.ceil(valueDim / tileOfFinish.columns),
    key:
      ofMaxima +
      Math.ceil(valueDim / reduceTile.columns) +
      (causal ? Math.ceil(valueDim / tileOfFinish.columns) : 0),
  }
  const sides = [written.query, written.key]
  const projected = transforms ? projectByTransform(attention, score, sides, headsPerGroup, uses) : undefined
  const read = (features: Features): Features => projected?.read(features) ?? features
  return {
    attention,
    score,
    causal,
    action,
    headsPerGroup,
    chunk,
    chunks: ['max', 1, ['ceildiv', causal ? 'length' : 'keyLength', chunk]],
    scaling,
    written,
    read: { query: read(written.query), key: read(written.key) },
    carriedScaling,
    ofCarried: sidesOf(attention, score, carriedScaling, scaledTerm),
    mended,
    reduceTile,
    stateTile: valueTile(valueDim, rowsOfTile),
    finishTile: tileOfFinish,
    maxima,
    projected,
  }
}
