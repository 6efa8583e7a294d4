/** Blocks of φ cut into tiles of components; each tile runs the code of its own block. */
import type { ScheduledBlock } from '../../schedule/schedule.ts'
import { for_, if_, lt, sub } from '../build.ts'
import type { Body } from '../build.ts'
import type { Value } from '../kernel.ts'

/** How many tiles of `steps` components cover a block; the last may be partial. */
export const tilesOf = (block: ScheduledBlock, steps: number): number => Math.ceil(block.size / steps)

/** The code of the block that a tile (counted over all blocks) belongs to. */
export function chooseBlock(
  blocks: readonly ScheduledBlock[],
  steps: number,
  tile: Value,
  code: (block: ScheduledBlock, tileOfBlock: Value) => Body,
): Body {
  const choose = (which: number, before: number): Body => {
    const block = blocks[which]
    if (block === undefined) return []
    const own = code(block, sub(tile, before))
    if (which === blocks.length - 1) return own
    const end = before + tilesOf(block, steps)
    return if_(lt(tile, end), own, choose(which + 1, end))
  }
  return choose(0, 0)
}

/** The code of every tile of every block, one after another; `code` is given the block's index. */
export function everyTile(
  blocks: readonly ScheduledBlock[],
  steps: number,
  code: (which: number, firstComponent: Value) => Body,
): Body {
  return blocks.map((block, which) =>
    for_(`components${which}`, 0, tilesOf(block, steps) * steps, steps, (first) => code(which, first)),
  )
}
