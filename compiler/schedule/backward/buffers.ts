/** Buffers of a call of `backward`: the cotangents of the output, and the gradients. */
import type { Attention } from '../../algebra/attention.ts'
import { product } from '../buffers.ts'
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
