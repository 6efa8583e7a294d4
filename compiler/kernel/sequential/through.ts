/** The rows of a chunk through the state: read in stretches, and then taken in. */
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import type { Value } from '../kernel.ts'
import type { Chunk, Stretch } from './chunk.ts'
import type { Scales } from './scales.ts'
import { absorb } from './sums.ts'

/** Places of a chunk: how many there are, and how many of them have keys. */
export interface Places {
  readonly here: Value
  readonly keys: Value
}

/**
 * Stretches of the chunk in order, of each of which keys are weighed, `read` runs, and keys enter the state.
 *
 * @param scales where sums are scaled; else the chunk is one stretch
 */
export function through(
  k: Author,
  chunk: Chunk,
  scales: Scales | undefined,
  { here, keys }: Places,
  read: (stretch: Stretch) => void,
): void {
  if (scales === undefined) {
    const stretch = { from: ir.u32(0), to: here, keysTo: keys }
    read(stretch)
    chunk.action.row.act(() => actOnKeys(k, chunk, stretch))
    absorb(k, chunk, stretch)
    return
  }
  const from = k.var('from', ir.u32(0))
  k.loop('stretch', 0, here, () =>
    k.if(ir.lt(from, here), () => {
      scales.raise(from, keys)
      scales.weighKeys(from, keys)
      const to = scales.endOf(from, keys, here)
      const stretch = { from, to, keysTo: ir.call('min', to, keys) }
      read(stretch)
      absorb(k, chunk, stretch)
      scales.pass(stretch)
      k.set(from, to)
    }),
  )
}

/** The rows of the stretch behind each key act on it. */
export function actOnKeys(k: Author, { schedule, pass, arrays, powers }: Chunk, stretch: Stretch): void {
  const { from, to, keysTo } = stretch
  k.loop('shrunkKey', from, keysTo, (key) => {
    const behind = powers.after(ir.sub(ir.sub(to, key), 1)).named(k, 'behind')
    k.loop('shrunkFeature', 0, schedule.features, (feature) => {
      const at = ir.add(ir.mul(feature, pass.rows), key)
      k.sharedStore(arrays.ofKeys, at, behind.shrink(ir.sharedLoad(arrays.ofKeys, at)))
    })
  })
}
