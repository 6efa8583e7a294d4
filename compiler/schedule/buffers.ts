/** Buffers that every schedule has: the tensors of a call. */
import type { Attention } from '../algebra/attention.ts'
import type { BufferPlan, Rows } from './schedule.ts'
import type { Size } from '../../runtime/contract/size.ts'

const product = (...sizes: readonly Size[]): Size =>
  sizes
    .filter((size) => size !== 1)
    .reduce<Size>((left, right) => (left === 1 ? right : ['*', left, right]), 1)

export function dataBuffers({ dim, valueDim }: Attention): BufferPlan[] {
  return [
    {
      name: 'q',
      role: 'input',
      element: 'f32',
      size: product('batch', 'heads', 'length', dim),
      layout: `[B, H, L, ${dim}]`,
    },
    {
      name: 'k',
      role: 'input',
      element: 'f32',
      size: product('batch', 'kvHeads', 'keyLength', dim),
      layout: `[B, KVH, S, ${dim}]`,
    },
    {
      name: 'v',
      role: 'input',
      element: 'f32',
      size: product('batch', 'kvHeads', 'keyLength', valueDim),
      layout: `[B, KVH, S, ${valueDim}]`,
    },
    { name: 'lengths', role: 'lengths', element: 'u32', size: 'batch', layout: '[B], visible key rows' },
    {
      name: 'out',
      role: 'output',
      element: 'f32',
      size: product('batch', 'heads', 'length', valueDim),
      layout: `[B, H, L, ${valueDim}]`,
    },
  ]
}

/** For passes to which query rows that do not count make a difference. */
export const queryLengths: BufferPlan = {
  name: 'queryLengths',
  role: 'lengths',
  element: 'u32',
  size: 'batch',
  layout: '[B], query rows that count',
}

/** For passes of decoding to which it makes a difference how many tokens an item has seen. */
export const positions: BufferPlan = {
  name: 'positions',
  role: 'lengths',
  element: 'u32',
  size: 'batch',
  layout: '[B], the position of the first new row',
}

export const queryRows: Rows = { buffer: 'q', of: 'queryHead', count: 'length' }
export const countedRows: Rows = { ...queryRows, count: 'counted' }
export const keyRows: Rows = { buffer: 'k', of: 'keyHead', count: 'visible' }
export const valueRows: Rows = { buffer: 'v', of: 'keyHead', count: 'visible' }
export const outRows: Rows = { buffer: 'out', of: 'queryHead', count: 'length' }

export { product }
