// Panels of rows: every entry of every row stands once where the product looks for it, whatever the width of a row is.
import { describe, expect, test } from 'vitest'
import { countDispatch } from '../../compiler/cost/dispatch.ts'
import { record } from '../../compiler/kernel/author.ts'
import * as ir from '../../compiler/kernel/build.ts'
import { boundInFours } from '../../compiler/kernel/in-fours.ts'
import { interpret } from '../../compiler/kernel/interpret.ts'
import type { Binding, Kernel } from '../../compiler/kernel/kernel.ts'
import { fromPanel, loadedStride, throughPanels } from '../../compiler/kernel/lower/panel.ts'
import type { Filling, Panel } from '../../compiler/kernel/lower/panel.ts'
import { serialise } from '../../compiler/kernel/sequential/serialise.ts'
import { verify } from '../../compiler/kernel/verify.ts'
import { numbers } from './samples.ts'
import { shapeOf } from './shape.ts'

interface Sizes {
  readonly threads: number
  readonly depth: number
  readonly width: number
  /** Groups of four rows of each panel. */
  readonly fours: readonly number[]
}

/** Past this row of each matrix stands the last one. */
const missing = 2

/** Takes matrices through panels, and stores each entry of each row as it comes out. */
function copying({ threads, depth, width, fours }: Sizes): Kernel {
  const strides = fours.map((count) => loadedStride(count, depth, width))
  const firsts = strides.map((_, which) =>
    strides.slice(0, which).reduce((sum, stride) => sum + stride * depth, 0),
  )
  const array = {
    name: 'panels',
    element: 'vec4f',
    length: strides.reduce((sum, stride) => sum + stride * depth, 0),
  } as const
  const binding = (name: string, access: Binding['access']): Binding => ({ name, element: 'f32', access })
  const panels = fours.map((count, which): Panel => {
    const [stride = 0, first = 0] = [strides[which], firsts[which]]
    return { array, first, fours: count, stride }
  })
  const fillings = panels.map((panel, which): Filling => ({
    panel,
    buffer: binding(`from${which}`, 'read'),
    // Behind a row that is none of it, counted in fours where rows are fours.
    places: {
      start: ir.u32(width % 4 === 0 ? width / 4 : width),
      pitch: ir.u32(width % 4 === 0 ? width / 4 : width),
    },
    last: ir.u32(panel.fours * 4 - 1 - missing),
    rowAt: (four, lane) => ir.add(ir.mul(four, 4), lane),
  }))
  const outputs = panels.map((_, which) => binding(`to${which}`, 'read_write'))
  const body = record((k) =>
    throughPanels(k, { threads, depth, width }, fillings, (place, entry) =>
      panels.forEach((panel, which) =>
        k.strided('four', ir.thread, panel.fours, threads, (four) =>
          ([0, 1, 2, 3] as const).forEach((lane) => {
            const row = ir.add(ir.mul(four, 4), lane)
            const value = ir.lane(fromPanel(panel, place, { of: four, more: 0 }), lane)
            k.store(outputs[which]!, ir.add(ir.mul(row, width), entry), value)
          }),
        ),
      ),
    ),
  )
  return boundInFours({
    name: 'copying',
    summary: 'a test',
    workgroupSize: threads,
    count: ir.u32(1),
    bindings: [...fillings.map(({ buffer }) => buffer), ...outputs],
    shared: [array],
    body,
  })
}

const tiles = [
  { threads: 64, depth: 16, fours: [8, 8] },
  { threads: 128, depth: 8, fours: [16, 32] },
  { threads: 64, depth: 16, fours: [16, 4] },
  { threads: 32, depth: 32, fours: [4, 3] },
  { threads: 16, depth: 4, fours: [16, 6, 7] },
] as const

describe.each(tiles)('$threads threads, $depth entries, groups $fours', (tile) => {
  test.each([1, 3, 4, 7, 8, 12, 16, 20, 21, 32, 36, 44, 64])('rows of %i', (width) => {
    const kernel = verify(copying({ ...tile, width }))
    const given = tile.fours.map((fours, which) => numbers((fours * 4 + 1 - missing) * width, which + 1))
    for (const one of [kernel, serialise(kernel)]) {
      const found = tile.fours.map((fours) => new Float32Array(fours * 4 * width).fill(Number.NaN))
      const named = (word: string, arrays: readonly Float32Array[]) =>
        arrays.map((array, which) => [`${word}${which}`, array] as const)
      interpret(one, Object.fromEntries([...named('from', given), ...named('to', found)]), shapeOf())
      for (const [which, fours] of tile.fours.entries())
        for (let row = 0; row < fours * 4; row++) {
          const from = (1 + Math.min(row, fours * 4 - 1 - missing)) * width
          expect(found[which]!.subarray(row * width, (row + 1) * width)).toEqual(
            given[which]!.subarray(from, from + width),
          )
        }
    }
  })
})

test.each(tiles)('meet no bank twice: $threads threads, $depth entries, groups $fours', (tile) => {
  // Fewer entries than are served at once are for rows that are read in fours.
  for (const width of tile.depth < 8 ? [64] : [64, 63]) {
    const situation = { shape: shapeOf(), width: 32, sizeOf: () => 2 ** 20, contentsOf: () => () => 0 }
    const { counts } = countDispatch(verify(copying({ ...tile, width })), situation, 1)
    expect(counts.turns).toBe(counts.leastTurns)
  }
})
