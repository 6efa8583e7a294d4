/**
 * Factorised attention by walks. Workgroups sum chunks apart and need a scan between them; a thread that takes the
 * chunks of a group in order has the state before each at hand, in its cache, and nothing but results goes to memory.
 */
import { readProjected } from '../projected-terms.ts'
import type { Features, FinishPass, Pass, Schedule, WalkPass } from '../schedule.ts'
import { rowsOfTile } from '../tiles.ts'

/** The schedule with one walk in place of reduce, scan and finish, where the attention is causal. */
export function walked(schedule: Schedule): Schedule {
  const finish = schedule.passes.find((pass) => pass.kind === 'finish')
  if (finish === undefined || !schedule.causal) return schedule
  const replaced = new Set<Pass['kind']>(['reduce', 'scan', 'finish'])
  const others = schedule.passes.filter(({ kind }) => !replaced.has(kind))
  return {
    ...schedule,
    chunk: rowsOfTile,
    chunks: 1,
    buffers: schedule.buffers.filter(({ name }) => name !== 'state'),
    passes: [...others, walk(finish)],
  }
}

function walk({ buffers, query, key, scaling, division, mended }: FinishPass): WalkPass {
  return {
    kind: 'walk',
    name: 'walk',
    threads: 1,
    rows: rowsOfTile,
    workgroups: 'sliceCount',
    buffers: buffers.filter((name) => name !== 'state'),
    query: multiplied(query),
    key: multiplied(key),
    scaling,
    carries: false,
    division,
    ...(mended && { mended }),
  }
}

/** Features that see products with projections and not the projections, where they can: a walk multiplies a chunk at once. */
const multiplied = (features: Features): Features => ({
  ...features,
  blocks: features.blocks.map((block) => (block.projected ? (readProjected(block) ?? block) : block)),
})
