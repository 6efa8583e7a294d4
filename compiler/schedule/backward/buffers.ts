/** Buffers of a call of `backward`: the cotangents of the output, and the gradients. */
import type { Attention } from '../../algebra/attention.ts'
import { dataBuffers, outRows, product } from '../buffers.ts'
import { x, y } from '../equation/build.ts'
import { entryOf } from '../equation/heads.ts'
import type { Head } from '../equation/heads.ts'
import { equationPass } from '../equation/plan.ts'
import type { Plan } from '../equation/plan.ts'
import type { Extent, Formula } from '../equation.ts'
import type { BufferPlan } from '../schedule.ts'

/** `dout`, `dq`, `dk` and `dv`, each like the tensor that it is of. */
export function gradientBuffers({ dim, valueDim }: Attention): BufferPlan[] {
  const gradient = (
    name: string,
    heads: 'heads' | 'kvHeads',
    rows: 'length' | 'keyLength',
    width: number,
  ): BufferPlan => ({
    name,
    role: name === 'dout' ? 'input' : 'output',
    element: 'f32',
    size: product('batch', heads, rows, width),
    layout: `[B, ${heads === 'heads' ? 'H' : 'KVH'}, ${rows === 'length' ? 'L' : 'S'}, ${width}]`,
  })
  return [
    gradient('dout', 'heads', 'length', valueDim),
    gradient('dq', 'heads', 'length', dim),
    gradient('dk', 'kvHeads', 'keyLength', dim),
    gradient('dv', 'kvHeads', 'keyLength', valueDim),
  ]
}

/** Writes `out`, of what gradients compute anew: its entry at a cell. */
export function resultPlan(attention: Attention, heads: Extent[2], head: Head, entry: Formula): Plan {
  const { valueDim } = attention
  return {
    passes: [
      equationPass({
        name: 'result',
        extent: [valueDim, 'length', heads],
        value: entry,
        out: 'out',
        place: entryOf(outRows, head, y, valueDim, x),
        what: 'the result of each query row',
      }),
    ],
    buffers: dataBuffers(attention).filter(({ role }) => role === 'output'),
  }
}
