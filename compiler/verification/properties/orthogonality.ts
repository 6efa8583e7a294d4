/**
 * Projections are drawn as the file says: the angles between rows of a block, the
 * law of their lengths, and rows that favour no direction. The last is what a
 * rotation lacks that is a bare QR factorisation, whose signs follow the data.
 */
import { blockHeight, type Coupling } from '../../../runtime/contract/projections.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import { chiSquaredBelow, kolmogorovDistance, kolmogorovThreshold } from '../statistics/chi-squared.ts'
import { normalThreshold } from '../statistics/quantiles.ts'
import { numberText } from './difference.ts'
import { defaultRuns, type Effort, type Outcome, type Property, type Subject } from './property.ts'

const falseAlarm = 1e-8
/** Blocks looked at, at the usual effort. */
const usualBlocks = 200
/** Projections are rounded to f32. */
const rounding = 1e-5

export const orthogonality: Property = {
  name: 'orthogonality',
  onDevice: false,
  inapplicable: ({ model: { projections } }) =>
    projections === undefined ? 'nothing is projected' : undefined,
  check: async (subject, effort) => check(subject, effort),
}

interface Drawn {
  readonly coupling: Coupling
  readonly fixedNorm: boolean
  readonly dim: number
  /** Rows of a block. */
  readonly height: number
  readonly rows: readonly Float32Array[]
}

function check({ model, platform, executor }: Subject, { seed, runs, say }: Effort): Outcome {
  const { dim, projections } = model
  invariant(projections !== undefined, 'projected features have projections')
  const { coupling, fixedNorm } = projections
  say('drawing projections')
  const height = blockHeight({ coupling, dim })
  const blocks = Math.max(50, Math.ceil((usualBlocks * runs) / defaultRuns))
  const options = { dim, coupling, fixedNorm, seed }
  const drawn: Drawn = {
    coupling,
    fixedNorm,
    dim,
    height,
    rows: split(platform.draw({ ...options, rows: blocks * height }), dim),
  }
  const inUse = executor?.projection
  const own: Drawn | undefined = inUse && { ...drawn, rows: split(inUse, dim) }
  const failure =
    (own && (wrongAngle(own) ?? wrongLength(own))) ??
    wrongAngle(drawn) ??
    wrongLength(drawn) ??
    favoured(drawn)
  return failure ?? { status: 'held', detail: `${describe(drawn)}; ${drawn.rows.length} rows looked at` }
}

/** Structured rows of a padded size lose their last entries, and with them their angles and lengths. */
const isCut = ({ height, dim }: Drawn): boolean => height > dim

/** The cosine that two rows of a block must have; absent where any will do. */
function cosineOf(drawn: Drawn): number | undefined {
  const { coupling, dim } = drawn
  if (coupling === 'iid' || isCut(drawn)) return undefined
  return coupling === 'simplex' && dim > 1 ? -1 / (dim - 1) : 0
}

function describe(drawn: Drawn): string {
  const cosine = cosineOf(drawn)
  const angle =
    drawn.coupling === 'iid'
      ? 'independent rows'
      : cosine === undefined
        ? 'structured rows, cut to dim'
        : cosine === 0
          ? 'orthogonal rows'
          : `rows with cosine ${numberText(cosine)}`
  const length = drawn.fixedNorm ? 'lengths √dim' : isCut(drawn) ? '' : 'lengths χ(dim)'
  return [angle, length, 'no direction favoured'].filter((part) => part !== '').join(', ')
}

function wrongAngle(drawn: Drawn): Outcome | undefined {
  const wanted = cosineOf(drawn)
  if (wanted === undefined) return undefined
  const { rows, height } = drawn
  for (const [index, row] of rows.entries())
    for (let other = index - (index % height); other < index; other++) {
      const against = rows[other]
      if (against === undefined) continue
      const cosine = inner(row, against) / Math.sqrt(inner(row, row) * inner(against, against))
      if (Math.abs(cosine - wanted) > rounding)
        return wrong(
          `rows ${other} and ${index} of one block have the cosine ${numberText(cosine)}; it should be ${numberText(wanted)}`,
          [
            [`row ${other}`, against],
            [`row ${index}`, row],
          ],
        )
    }
  return undefined
}

function wrongLength(drawn: Drawn): Outcome | undefined {
  const { rows, dim, fixedNorm } = drawn
  if (isCut(drawn)) return undefined
  const squares = rows.map((row) => inner(row, row))
  if (fixedNorm) {
    const index = squares.findIndex((square) => Math.abs(square / dim - 1) > rounding)
    if (index < 0) return undefined
    return wrong(
      `row ${index} has length ${numberText(Math.sqrt(squares[index] ?? 0))}; it should be √dim = ${numberText(Math.sqrt(dim))}`,
      [[`row ${index}`, rows[index] ?? new Float32Array(0)]],
    )
  }
  const distance = kolmogorovDistance(squares, (square) => chiSquaredBelow(square, dim))
  if (distance <= kolmogorovThreshold(falseAlarm, squares.length)) return undefined
  const mean = squares.reduce((sum, square) => sum + square, 0) / squares.length
  return wrong(
    `squared lengths do not have the χ² distribution of ${dim} degrees of freedom: ${squares.length} of them average ${numberText(mean)} and their distribution is ${numberText(distance)} off`,
    rows.slice(0, 2).map((row, index) => [`row ${index}`, row] as const),
  )
}

/** Entries average 0 over blocks, wherever in a block they stand. */
function favoured({ rows, height, dim }: Drawn): Outcome | undefined {
  const blocks = rows.length / height
  const threshold = normalThreshold(falseAlarm / (height * dim) / 2)
  for (let place = 0; place < height; place++)
    for (let column = 0; column < dim; column++) {
      let sum = 0
      let squares = 0
      for (let block = 0; block < blocks; block++) {
        const entry = rows[block * height + place]?.[column] ?? 0
        sum += entry
        squares += entry * entry
      }
      if (Math.abs(sum) <= threshold * Math.sqrt(squares)) continue
      return wrong(
        `entry ${column} of row ${place} averages ${numberText(sum / blocks)} over ${blocks} blocks; it should be 0, as for a rotation that favours no direction`,
        [[`row ${place}`, rows[place] ?? new Float32Array(0)]],
      )
    }
  return undefined
}

function wrong(detail: string, rows: readonly (readonly [string, Float32Array])[]): Outcome {
  return {
    status: 'refuted',
    detail,
    counterexample: {
      case: 'the projections that are drawn',
      table: {
        columns: ['', 'first entries'],
        rows: rows.map(([name, row]) => [name, Array.from(row.subarray(0, 5), numberText).join(' ')]),
      },
    },
  }
}

function split(matrix: Float32Array, width: number): Float32Array[] {
  return Array.from({ length: matrix.length / width }, (_, row) =>
    matrix.subarray(row * width, (row + 1) * width),
  )
}

const inner = (left: Float32Array, right: Float32Array): number =>
  left.reduce((sum, entry, index) => sum + entry * (right[index] ?? 0), 0)
