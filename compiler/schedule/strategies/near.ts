/** Attention among rows that a hash brings together: sort by bucket in every round, attend nearby, combine. */
import type { Attention, Near } from '../../algebra/attention.ts'
import { dataBuffers, outRows, product, queryLengths } from '../buffers.ts'
import { lt, smaller, y, z } from '../equation/build.ts'
import { rowOf, headAt } from '../equation/heads.ts'
import { mergePass, numbersOfPart } from '../merge.ts'
import { outlineOf } from '../outline.ts'
import type { Formula } from '../equation.ts'
import type { BufferPlan, Pass, Schedule } from '../schedule.ts'
import type { Size } from '../../../runtime/contract/size.ts'
import { scaledTerm } from '../terms.ts'
import { rowsOfTile, threads, valueTile } from '../tiles.ts'

/**
 * A row weighs exp(−100000) for itself, here as an exponent in base 2: that vanishes beside any other row, and is the
 * whole weight where a row meets no other.
 */
export const self = -100_000 / Math.LN2

/** Query heads of a slice. */
export const sliceQueryHeads: Size = product('sliceCount', ['ceildiv', 'heads', 'kvHeads'])

/**
 * Schedules attention by hash for targets whose kernels scatter. Each round sorts the rows anew, and a last pass
 * merges the rounds, because one hash may part rows that belong together.
 */
export function scheduleNear(attention: Attention, step: Near): Schedule {
  const parts = partsOfRounds(attention, step)
  const head = headAt('kvHeads', 'sliceQueryHead', z, { lengths: true })
  return {
    ...parts,
    buffers: [...dataBuffers(attention).filter(({ name }) => name !== 'k'), ...parts.buffers],
    passes: [...parts.passes, combinePass(attention, step, rowOf(outRows, head, y))],
  }
}

/** Sorts the rows of each round, and leaves a part of each row; with the buffers beside the tensors of the call. */
export function partsOfRounds(attention: Attention, step: Near): Schedule {
  return {
    ...outlineOf(attention),
    keysAreQueries: true,
    chunk: threads,
    chunks: ['max', 1, ['ceildiv', 'length', threads]],
    buffers: [queryLengths, ...sortedBuffers(attention, step)],
    passes: [...sortPasses(step), attendPass(attention, step)],
  }
}

/** The rotations of the hash, the order of the rows in each round, and the part of a row from each round. */
function sortedBuffers({ dim, valueDim }: Attention, { hashes: count, rounds }: Near): BufferPlan[] {
  const segments = `segments of ${threads} rows`
  return [
    {
      name: 'rotations',
      role: 'projection',
      element: 'f32',
      size: (rounds * count * dim) / 2,
      layout: `[${rounds}, ${count / 2}, ${dim}]`,
    },
    scratch('inverseNorms', 'f32', '[L]', 'length'),
    scratch('buckets', 'u32', `[${rounds} × L]`, rounds, 'length'),
    scratch('offsets', 'u32', `[${rounds} × ${segments} × ${count}]`, rounds * count, 'chunks'),
    scratch('order', 'u32', `[${rounds} × L]`, rounds, 'length'),
    scratch(
      'parts',
      'f32',
      `[${rounds} × L] numerators [${valueDim}], denominator, log-scale`,
      rounds * numbersOfPart(valueDim, true),
      'length',
    ),
  ]
}

const scratch = (
  name: string,
  element: BufferPlan['element'],
  layout: string,
  ...sizes: readonly Size[]
): BufferPlan => ({
  name,
  role: 'scratch',
  element,
  size: product(sliceQueryHeads, ...sizes),
  layout: `per query head: ${layout}`,
})

/** Sorts the rows by bucket, in every round. */
function sortPasses({ hashes: count, rounds }: Near): Pass[] {
  const sorting = { threads, count, rounds }
  const segments = product(sliceQueryHeads, rounds, 'chunks')
  return [
    {
      kind: 'hash',
      name: 'hash',
      workgroups: segments,
      buffers: ['q', 'rotations', 'lengths', 'queryLengths', 'buckets', 'offsets', 'inverseNorms'],
      what: `${count} buckets in each of ${rounds} rounds, in segments of ${threads} rows`,
      ...sorting,
    },
    {
      kind: 'order',
      of: 'offsets',
      name: 'find_offsets',
      workgroups: product(sliceQueryHeads, rounds),
      buffers: ['offsets'],
      what: 'counts of buckets in segments, to the places of their first rows',
      ...sorting,
    },
    {
      kind: 'order',
      of: 'rows',
      name: 'place_rows',
      workgroups: segments,
      buffers: ['buckets', 'offsets', 'lengths', 'queryLengths', 'order'],
      what: 'rows by bucket, in a bucket by position',
      ...sorting,
    },
  ]
}

/** Attends to the rows of the same chunk of the order and of the one before it. */
function attendPass({ valueDim, mask, scale }: Attention, { name, kernel, rounds, chunk }: Near): Pass {
  const tile = valueTile(valueDim, rowsOfTile)
  return {
    kind: 'near',
    name,
    tile,
    workgroups: product(
      sliceQueryHeads,
      rounds,
      ['ceildiv', 'length', chunk],
      Math.ceil(chunk / tile.rows) * Math.ceil(valueDim / tile.columns),
    ),
    buffers: ['q', 'v', 'order', 'inverseNorms', 'lengths', 'queryLengths', 'parts'],
    kernel: scaledTerm(kernel, scale),
    self,
    mask,
    rounds,
    chunk,
    valueDim,
  }
}

/**
 * Merges the parts that the rounds leave of each row.
 *
 * @param rowOfOut index in `out` of the row of the cell, in rows
 */
export function combinePass({ valueDim, division }: Attention, { rounds }: Near, rowOfOut: Formula): Pass {
  const head = headAt('kvHeads', 'sliceQueryHead', z, { lengths: true })
  return mergePass({
    name: 'combine_rounds',
    parts: { buffer: 'parts', count: rounds, rows: 'length', valueDim, scaled: true },
    heads: sliceQueryHeads,
    division,
    where: lt(y, smaller(head.counted, head.visible)),
    out: 'out',
    rowOfOut,
    what: 'the quotients of each row over all rounds',
  })
}
