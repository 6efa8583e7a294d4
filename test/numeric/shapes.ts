// Calls at which kernels go wrong: around tiles and chunks, with unequal sides, groups and lengths.
import type { Built } from '../../compiler/pipeline.ts'
import type { Sizes } from './harness.ts'

/** Rows of a tile: where query rows and keys are cut, whatever the chunk is. */
const tile = 32

/** Every kind of call there is. */
export function everyShape({ schedule: { chunk, passes }, program }: Built): Sizes[] {
  // Without chunks there is nothing to cut but tiles.
  const longer = chunk === tile || chunk === 1 ? [] : [chunk - 1, chunk, chunk + 1, 2 * chunk + 3]
  const larger = passes.flatMap((pass) =>
    pass.kind === 'online' && pass.tile.rows > tile ? [pass.tile] : [],
  )
  const shapes: Sizes[] = [
    { length: 1 },
    { length: 1, batch: 2, lengths: [0, 1] },
    { length: tile - 1 },
    { length: tile },
    { length: tile + 1, heads: 3, kvHeads: 1 },
    { length: tile + 1, batch: 3, heads: 4, kvHeads: 2, lengths: [0, tile, 1] },
    { length: 2 * tile + 3, batch: 3, lengths: [tile + 1, 2 * tile + 3, tile - 1] },
    { length: 20, keyLength: 2 * tile + 6 },
    { length: 2 * tile + 6, keyLength: tile + 1 },
    { length: 2 * tile + 6, keyLength: 1 },
    { length: tile + 8, keyLength: 2 * tile, batch: 2, heads: 2, lengths: [tile - 1, 2 * tile - 1] },
    ...longer.map((keyLength) => ({ length: 3, keyLength })),
    ...larger.flatMap(({ rows, steps }) => [
      { length: rows + 1, keyLength: 2 * steps + 1 },
      { length: steps + 5, batch: 2, heads: 2, kvHeads: 1, lengths: [steps - 1, rows + 1] },
    ]),
  ]
  if (program.keysAreQueries !== true) return shapes
  return shapes.map(({ keyLength, ...rest }) => ({ ...rest, length: keyLength ?? rest.length }))
}

/** Two calls that between them have whole and cut tiles, a second chunk, groups, lengths and unequal sides. */
export const someShapes: readonly Sizes[] = [
  { length: 2 * tile + 3, heads: 2, kvHeads: 1 },
  { length: tile + 1, keyLength: tile + 9, batch: 2, lengths: [tile + 5, 1] },
]
