/** Buffers that every schedule has: the tensors of a call. */
import type { Attention } from '../algebra/attention.ts'
import type { BufferPlan, Rows } from './schedule.ts'
import type { Size } from '../../runtime/contract/size.ts'

/** Names of buffers, each once, in the order in which they are bound. */
export const distinct = (names: readonly string[]): string[] => [...new Set(names)]

/** The product of sizes; factors of 1 are dropped, so that printed sizes stay short. */
export const product = (...sizes: readonly Size[]): Size =>
  sizes
    .filter((size) => size !== 1)
    .reduce<Size>((left, right) => (left === 1 ? right : ['*', left, right]), 1)

/** The tensors q, k, v and out, and `lengths`, the visible key rows of each batch item. */
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

/** Bound by passes whose result depends on the padding of queries. */
export const queryLengths: BufferPlan = {
  name: 'queryLengths',
  role: 'lengths',
  element: 'u32',
  size: 'batch',
  layout: '[B], query rows that count',
}

/** Bound by passes of decoding whose result depends on the position of a token. */
export const positions: BufferPlan = {
  name: 'positions',
  role: 'lengths',
  element: 'u32',
  size: 'batch',
  layout: '[B], the position of the first new row',
}

/** All query rows of the call, [B, H, L, dim], padding included. */
export const queryRows: Rows = { buffer: 'q', of: 'queryHead', count: 'length' }
/** Query rows without the padding of their batch item, for means over queries. */
export const countedRows: Rows = { ...queryRows, count: 'counted' }
/** Key rows up to the length of their batch item, [B, KVH, S, dim]. */
export const keyRows: Rows = { buffer: 'k', of: 'keyHead', count: 'visible' }
/** Value rows up to the length of their batch item, [B, KVH, S, valueDim]. */
export const valueRows: Rows = { buffer: 'v', of: 'keyHead', count: 'visible' }
/** Rows of the result, one for each query row, [B, H, L, valueDim]. */
export const outRows: Rows = { buffer: 'out', of: 'queryHead', count: 'length' }
