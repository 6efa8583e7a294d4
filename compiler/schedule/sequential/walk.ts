/**
 * Factorised attention by walks. Workgroups sum chunks apart and need a scan between them; a thread that takes the
 * chunks of a group in order has the state before each at hand, in its cache, and nothing but results goes to memory.
 */
import { readProjected } from '../projected-terms.ts'
import type { Features, FinishPass, Pass, ScanPass, Schedule, WalkPass } from '../schedule.ts'
import { rowsOfTile } from '../tiles.ts'

/** The schedule with a walk in place of reduce, scan and finish, in each of its forms. */
export function walked(schedule: Schedule): Schedule {
  const { decoding } = schedule
  const forward = inOneWalk(schedule)
  return decoding === undefined
    ? forward
    : { ...forward, decoding: { ...decoding, prefill: inOneWalk(decoding.prefill) } }
}

function inOneWalk(schedule: Schedule): Schedule {
  const { passes, buffers } = schedule
  const finish = passes.find((pass) => pass.kind === 'finish')
  if (finish === undefined) return schedule
  const carrying = passes.find((pass): pass is ScanPass => pass.kind === 'scan' && pass.carries)
  const replaced = new Set<Pass['kind']>(['reduce', 'scan', 'finish'])
  return {
    ...schedule,
    chunk: rowsOfTile,
    chunks: 1,
    buffers: buffers.filter(({ name }) => name !== 'state'),
    passes: [...passes.filter(({ kind }) => !replaced.has(kind)), walk(finish, carrying)],
  }
}

/** @param carrying what leaves the state, in a form that does */
function walk(finish: FinishPass, carrying: ScanPass | undefined): WalkPass {
  const { division, buffers, causal } = finish
  const carries = carrying !== undefined
  // What is carried may be scaled where sums are plain else; scaled sums serve the rows as well and leave none to mend.
  const scaling = carrying?.scaling ?? finish.scaling
  const mended = scaling === finish.scaling ? finish.mended : undefined
  const { query, key } = mended === undefined ? (finish.mended ?? finish) : finish
  return {
    kind: 'walk',
    name: carries ? 'walk_and_carry' : 'walk',
    threads: 1,
    rows: rowsOfTile,
    causal,
    workgroups: 'sliceCount',
    buffers: distinct([
      'q',
      'k',
      'v',
      ...buffers.filter((name) => name !== 'state'),
      ...(carries ? ['carried'] : []),
    ]),
    query: multiplied(query),
    key: multiplied(key),
    scaling,
    carries,
    division,
    ...(mended && { mended }),
  }
}

const distinct = (names: readonly string[]): string[] => [...new Set(names)]

/** Features that see products with projections and not the projections, where they can: a walk multiplies a chunk at once. */
const multiplied = (features: Features): Features => ({
  ...features,
  blocks: features.blocks.map((block) => (block.projected ? (readProjected(block) ?? block) : block)),
})
