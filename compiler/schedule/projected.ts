/**
 * Projections that are a product of signs and Walsh–Hadamard matrices, applied
 * in O(log dim) operations a number rather than 2·dim, where features see the
 * projections through products with rows alone, and where it pays.
 *
 * Multiplied by a stored matrix, rows are projected in the registers of each
 * pass that wants them. Transformed, they are projected once for all passes, but
 * through memory.
 */
import { drawnAs, paddedSize } from '../../runtime/contract/projections.ts'
import type { Attention, FactorisedScore } from '../algebra/attention.ts'
import { invariant } from '../diagnostics/invariant.ts'
import { product } from './buffers.ts'
import { readProjected } from './projected-terms.ts'
import type { BufferPlan, Features, Pass, ProjectPass, TransformPass } from './schedule.ts'
import type { Size } from '../../runtime/contract/size.ts'
import { rowsOfTile, threads } from './tiles.ts'

/** Numbers of the largest transform: a workgroup has at most 256 threads, with 8 numbers each. */
const largest = 2048
/** Numbers of a transform that a thread holds. */
const held = 8
/**
 * Operations that devices do in the time that one number takes to or from
 * memory: about ten a byte, for kernels as they are rather than at their peaks.
 */
const worthOfNumber = 40

/** How a schedule's features come to see projected rows. */
export interface ProjectedRows {
  readonly passes: readonly Pass[]
  readonly buffers: readonly BufferPlan[]
  /** The features with a load from `projected` for each product. */
  readonly read: (features: Features) => Features
}

/** How many passes compute the features of a query row, and of a key row. */
export interface Uses {
  readonly query: number
  readonly key: number
}

/** The transforms of a schedule; undefined where a multiplication by the matrix is cheaper, or the only way. */
export function projectByTransform(
  { dim }: Attention,
  { projections }: FactorisedScore,
  sides: readonly Features[],
  headsPerGroup: Size,
  uses: Uses,
): ProjectedRows | undefined {
  if (projections === undefined || drawnAs({ ...projections, dim }) !== 'hadamard') return undefined
  const { count } = projections
  if (!isCheaper(dim, count, uses)) return undefined
  if (!sides.every(({ blocks }) => blocks.every((block) => readProjected(block) !== undefined)))
    return undefined
  return projectedRows(dim, count, headsPerGroup)
}

const blocksOf = (count: number, padded: number): number => Math.ceil(count / padded)

/** Operations of one row's transforms: additions and signs. */
export function operationsOfTransforms(count: number, padded: number): number {
  return blocksOf(count, padded) * (3 * padded * (Math.log2(padded) + 1) + padded)
}

/** Whether transforms and traffic take less than the products of all passes, for as many queries as keys. */
export function isCheaper(dim: number, count: number, { query, key }: Uses): boolean {
  const padded = paddedSize(dim)
  if (padded > largest) return false
  const products = (query + key) * 2 * dim * count
  const traffic = (2 + query + key) * count * worthOfNumber
  return 2 * operationsOfTransforms(count, padded) + traffic < products
}

/** The passes and buffers of projected rows, without asking whether they pay. */
export function projectedRows(dim: number, count: number, headsPerGroup: Size): ProjectedRows {
  const padded = paddedSize(dim)
  const rows = product('sliceCount', ['+', product(headsPerGroup, 'length'), 'keyLength'])
  const threadsOfTransform = padded / held
  const threadsOfWorkgroup = Math.max(threads, threadsOfTransform)
  const transform: TransformPass = {
    kind: 'transform',
    name: 'transform',
    when: 'drawn',
    threads: threadsOfWorkgroup,
    workgroups: ['ceildiv', product(rows, blocksOf(count, padded)), threadsOfWorkgroup / threadsOfTransform],
    buffers: ['q', 'k', 'factors', 'projected'],
    count,
    padded,
  }
  const tile = { threads, rows: rowsOfTile, steps: rowsOfTile, columns: rowsOfTile }
  const project: ProjectPass = {
    kind: 'project',
    name: 'project',
    when: 'given',
    tile,
    workgroups: product(['ceildiv', rows, tile.rows], Math.ceil(count / tile.columns)),
    buffers: ['q', 'k', 'w', 'projected'],
    count,
  }
  const signs = blocksOf(count, padded) * 3 * padded
  return {
    passes: [transform, project],
    buffers: [
      {
        name: 'factors',
        role: 'factors',
        element: 'f32',
        size: signs + count,
        layout: `signs [${blocksOf(count, padded)}, 3, ${padded}], lengths [${count}]`,
      },
      {
        name: 'projected',
        role: 'scratch',
        element: 'f32',
        size: product(rows, count),
        layout: `per group: of query rows [heads of the group, L, ${count}], of key rows [S, ${count}]`,
      },
    ],
    read: (features) => ({
      ...features,
      blocks: features.blocks.map((block) => {
        const read = readProjected(block)
        invariant(read !== undefined, 'features that read projected rows see the projections in no other way')
        return read
      }),
    }),
  }
}
