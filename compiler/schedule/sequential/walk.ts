/**
 * Factorised attention by walks. Workgroups sum chunks apart and need a scan between them; a thread that takes the
 * chunks of a group in order has the state before each at hand, in its cache, and nothing but results goes to memory.
 */
import { distinct, positions } from '../buffers.ts'
import { readProjected } from '../projected-terms.ts'
import type { Features, FinishPass, Pass, ScanPass, Schedule, WalkPass } from '../schedule.ts'
import { rowsOfTile } from '../tiles.ts'
import { gatherPositions, lengthsAndPositions, withPositions } from '../workgroups/factorised-passes.ts'

/** The schedule with a walk in place of reduce, scan and finish, in each of its forms. */
export function walked(schedule: Schedule): Schedule {
  const { decoding } = schedule
  const forward = inOneWalk(schedule)
  return decoding === undefined
    ? forward
    : {
        ...forward,
        decoding: {
          // One kernel for rows behind a state and for those behind none.
          prefill: inOneWalk(decoding.resume ?? decoding.prefill),
          step: { ...decoding.step, passes: decoding.step.passes.map(forOneThread) },
        },
      }
}

function inOneWalk(schedule: Schedule): Schedule {
  const { passes, buffers } = schedule
  const finish = passes.find((pass) => pass.kind === 'finish')
  if (finish === undefined) return schedule
  const scan = passes.find((pass) => pass.kind === 'scan')
  // What the passes that are replaced hand one another stays in the walk.
  const handed = new Set(['state', 'total', 'before'])
  const rows = rowsOfWalk(finish.causal, schedule.features)
  const own = walk(finish, scan, rows)
  const gathers = own.buffers.includes(lengthsAndPositions.name)
  const others = buffers.filter(({ name }) => !handed.has(name) && name !== lengthsAndPositions.name)
  return {
    ...schedule,
    chunk: rows,
    chunks: 1,
    buffers: [
      ...others,
      ...(own.begins && !others.includes(positions) ? [positions] : []),
      ...(gathers ? [lengthsAndPositions] : []),
    ],
    passes: [
      ...(gathers ? [gatherPositions] : []),
      ...passes.filter((pass) => pass !== gatherPositions && !pass.buffers.some((name) => handed.has(name))),
      own,
    ],
  }
}

/**
 * With more rows a chunk has more pairs for each, and with fewer it takes S through the registers more often, which
 * costs most where S fills a cache.
 */
const fewFeatures = 128

/** Rows of a chunk. */
export const rowsOfWalk = (causal: boolean, features: number): number =>
  causal && features <= fewFeatures ? rowsOfTile / 2 : rowsOfTile

/**
 * @param scan whether it begins with a state and leaves one
 * @param rows of a chunk
 */
function walk(finish: FinishPass, scan: ScanPass | undefined, rows: number): WalkPass {
  const { division, buffers, causal, action } = finish
  const carries = scan?.carries !== undefined
  const begins = scan?.begins !== undefined
  const bound = distinct([
    'q',
    'k',
    'v',
    ...buffers.filter((name) => name !== 'state'),
    ...(carries ? ['carried'] : []),
  ])
  // What is carried is scaled where rows are mended; scaled sums serve the rows as well and leave none to mend.
  const mended = carries ? undefined : finish.mended
  const scaling = carries && finish.mended !== undefined ? 'scaled' : finish.scaling
  const { query, key } = mended === undefined ? (finish.mended ?? finish) : finish
  return {
    kind: 'walk',
    name: carries ? 'walk_and_carry' : 'walk',
    threads: 1,
    rows,
    causal,
    workgroups: 'sliceCount',
    buffers: begins ? withPositions(bound) : bound,
    query: multiplied(query),
    key: multiplied(key),
    scaling,
    action,
    carries,
    ...(begins && { begins }),
    division,
    ...(mended && { mended }),
  }
}

const forOneThread = (pass: Pass): Pass =>
  pass.kind === 'step'
    ? {
        ...pass,
        tile: { ...pass.tile, threads: 1 },
        query: multiplied(pass.query),
        key: multiplied(pass.key),
      }
    : pass

/**
 * Features that see products with projections and not the projections, where they can: a walk multiplies the rows of a
 * chunk at once, a step its row by whole vectors.
 */
export const multiplied = (features: Features): Features => ({
  ...features,
  blocks: features.blocks.map((block) => (block.projected ? (readProjected(block) ?? block) : block)),
})
