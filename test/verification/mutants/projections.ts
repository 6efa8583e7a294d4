// Draws of projections that are not what their law says.
import type { ProjectionLaw } from '../../../runtime/contract/projections.ts'
import { drawProjection } from '../../../runtime/projection/index.ts'

export interface WrongDraw {
  readonly what: string
  readonly law: string
  readonly draw: (options: ProjectionLaw) => Float32Array<ArrayBuffer>
}

const rowsOf = (matrix: Float32Array, dim: number): Float32Array[] =>
  Array.from({ length: matrix.length / dim }, (_, row) => matrix.subarray(row * dim, (row + 1) * dim))

const inner = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, entry, t) => sum + entry * (b[t] ?? 0), 0)

/** Each row as long as the given number says. */
function withLengths(options: ProjectionLaw, length: (row: number) => number): Float32Array<ArrayBuffer> {
  const drawn = drawProjection(options)
  rowsOf(drawn, options.dim).forEach((row, index) => {
    const factor = length(index) / Math.sqrt(inner(row, row))
    row.forEach((entry, t) => (row[t] = entry * factor))
  })
  return drawn
}

/** What a Householder factorisation returns: the diagonal of R has the sign of no one's choice. */
function bareQr(options: ProjectionLaw): Float32Array<ArrayBuffer> {
  const { dim } = options
  const gaussian = drawProjection({ ...options, coupling: 'iid' })
  const drawn = drawProjection(options)
  const from = rowsOf(gaussian, dim)
  rowsOf(drawn, dim).forEach((row, index) => {
    // Householder maps the first vector to −sign(a₁)·‖a‖·e₁: its own entry on the diagonal ends up negative.
    const place = index % dim
    if ((row[place] ?? 0) > 0 && from[index] !== undefined) row.forEach((entry, t) => (row[t] = -entry))
  })
  return drawn
}

export const wrongDraws: readonly WrongDraw[] = [
  { what: 'a bare QR factorisation', law: 'orthogonal', draw: bareQr },
  { what: 'rows of length 1', law: 'orthogonal', draw: (options) => withLengths(options, () => 1) },
  {
    what: 'rows of length √dim where they should vary',
    law: 'orthogonal',
    draw: (options) => withLengths(options, () => Math.sqrt(options.dim)),
  },
  {
    what: 'lengths that vary where they should not',
    law: 'orthogonal fixed_norm',
    draw: (options) => drawProjection({ ...options, fixedNorm: false }),
  },
  {
    what: 'independent rows where they should be orthogonal',
    law: 'orthogonal',
    draw: (options) => drawProjection({ ...options, coupling: 'iid' }),
  },
  {
    what: 'orthogonal rows where they should form a simplex',
    law: 'simplex',
    draw: (options) => drawProjection({ ...options, coupling: 'orthogonal' }),
  },
  {
    what: 'one block again and again',
    law: 'orthogonal',
    draw: (options) => {
      const drawn = drawProjection(options)
      const block = drawn.slice(0, options.dim * options.dim)
      return drawn.map((_, index) => block[index % block.length] ?? 0)
    },
  },
  {
    what: 'uniform numbers for normal ones',
    law: 'iid',
    draw: (options) => drawProjection(options).map((entry) => Math.sqrt(3) * Math.tanh(0.8 * entry)),
  },
  { what: 'nothing but zeros', law: 'iid', draw: (options) => drawProjection(options).map(() => 0) },
]
