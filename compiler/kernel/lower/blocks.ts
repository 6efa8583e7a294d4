/** Blocks of φ cut into tiles of components; each tile runs the code of its own block. */
import type { ScheduledBlock } from '../../schedule/schedule.ts'
import { lt, sub } from '../build.ts'
import type { Author } from '../author.ts'
import type { Value } from '../kernel.ts'

/** How many tiles of `steps` components cover a block; the last may be partial. */
export const tilesOf = (block: ScheduledBlock, steps: number): number => Math.ceil(block.size / steps)

/** Runs the code of the block that a tile (counted over all blocks) belongs to. */
export function chooseBlock(
  k: Author,
  blocks: readonly ScheduledBlock[],
  steps: number,
  tile: Value,
  code: (block: ScheduledBlock, tileOfBlock: Value) => void,
): void {
  const choose = (which: number, before: number): void => {
    const block = blocks[which]
    if (block === undefined) return
    const own = (): void => code(block, sub(tile, before))
    const end = before + tilesOf(block, steps)
    if (which === blocks.length - 1) own()
    else k.if(lt(tile, end), own, () => choose(which + 1, end))
  }
  choose(0, 0)
}

/** Runs the code of every tile of every block, one after another; `code` is given the block's index. */
export function everyTile(
  k: Author,
  blocks: readonly ScheduledBlock[],
  steps: number,
  code: (which: number, firstComponent: Value) => void,
): void {
  for (const [which, block] of blocks.entries())
    k.strided(`components${which}`, 0, tilesOf(block, steps) * steps, steps, (first) => code(which, first))
}
