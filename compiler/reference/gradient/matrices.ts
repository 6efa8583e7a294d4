/** Operations on whole matrices: products, sums, and what the pseudo-inverse is made of. */
import { divide, extended, multiply, negate, subtract, toNumber } from '../../symbolic/extended.ts'
import type { Extended } from '../../symbolic/extended.ts'
import { segments } from '../segments.ts'
import { Vector, dot } from '../vector.ts'
import { Sums } from './tape.ts'
import type { Rows, Tape, Traced } from './tape.ts'

/** Each row times a number. */
export function scaled(tape: Tape, a: Traced, factor: Extended): Traced {
  const rows = a.rows.map((row) => Vector.from(row.size, (column) => multiply(factor, row.at(column))))
  return tape.record(rows, a.columns, [a], (cotangent) => {
    for (const row of a.rows.keys()) a.cotangent?.addRow(row, cotangent(row), factor)
  })
}

/** The first `count` rows. */
export function firstRows(tape: Tape, a: Traced, count: number): Traced {
  const rows = a.rows.slice(0, count)
  return tape.record(rows, a.columns, [a], (cotangent) => {
    for (const row of rows.keys()) a.cotangent?.addRow(row, cotangent(row))
  })
}

/** a + b. */
export function added(tape: Tape, a: Traced, b: Traced): Traced {
  const rows = gather(a.rows.length, a.columns, (sums) => {
    for (const row of a.rows.keys()) {
      sums.addRow(row, a.at(row))
      sums.addRow(row, b.at(row))
    }
  })
  return tape.record(rows, a.columns, [a, b], (cotangent) => {
    for (const row of rows.keys()) {
      a.cotangent?.addRow(row, cotangent(row))
      b.cotangent?.addRow(row, cotangent(row))
    }
  })
}

/** a·b, of the first columns of a where it has more than b has rows. An entry of 0 passes over its row of b. */
export function product(tape: Tape, a: Traced, b: Traced): Traced {
  const rows = gather(a.rows.length, b.columns, (sums) => {
    for (const [i, left] of a.rows.entries())
      for (const [t, right] of b.rows.entries()) sums.addRow(i, right, left.at(t))
  })
  return tape.record(rows, b.columns, [a, b], (cotangent) => {
    for (const [i, left] of a.rows.entries()) {
      const g = cotangent(i)
      for (const [t, right] of b.rows.entries()) {
        a.cotangent?.add(i, t, dot(g, right))
        b.cotangent?.addRow(t, g, left.at(t))
      }
    }
  })
}

/** d·1 − a. */
export function identityMinus(tape: Tape, diagonal: number, a: Traced): Traced {
  const rows = a.rows.map((row, i) =>
    Vector.from(row.size, (j) => subtract(extended(i === j ? diagonal : 0), row.at(j))),
  )
  return tape.record(rows, a.columns, [a], (cotangent) => {
    for (const row of rows.keys()) a.cotangent?.addRow(row, cotangent(row), extended(-1))
  })
}

/** aᵀ/(‖a‖₁‖a‖∞), zeros where a is: where the steps of the pseudo-inverse start. */
export function inverseStart(tape: Tape, a: Traced): Traced {
  const height = a.rows.length
  const entry = (i: number, j: number): number => toNumber(a.at(i).at(j))
  const across = largestSum(height, a.columns, entry)
  const down = largestSum(a.columns, height, (j, i) => entry(i, j))
  const scale = across.sum * down.sum
  const share = (number: number): Extended => extended(scale === 0 ? 0 : number / scale)
  const rows = Array.from({ length: a.columns }, (_, j) => Vector.from(height, (i) => share(entry(i, j))))
  return tape.record(rows, height, [a], (cotangent) => {
    let byScale = 0
    for (const [j, row] of rows.entries()) {
      const g = cotangent(j)
      for (let i = 0; i < height; i++) a.cotangent?.add(i, j, multiply(g.at(i), share(1)))
      byScale -= toNumber(multiply(dot(g, row), share(1)))
    }
    for (let j = 0; j < a.columns; j++)
      a.cotangent?.add(across.index, j, extended(byScale * down.sum * Math.sign(entry(across.index, j))))
    for (let i = 0; i < height; i++)
      a.cotangent?.add(i, down.index, extended(byScale * across.sum * Math.sign(entry(i, down.index))))
  })
}

/** The first of the lines with the largest sum of absolute values. */
function largestSum(
  lines: number,
  size: number,
  entry: (line: number, place: number) => number,
): { readonly index: number; readonly sum: number } {
  let largest = { index: 0, sum: -Infinity }
  for (let index = 0; index < lines; index++) {
    let sum = 0
    for (let place = 0; place < size; place++) sum += Math.abs(entry(index, place))
    if (sum > largest.sum) largest = { index, sum }
  }
  return largest
}

/** The means of `count` consecutive segments of the rows. */
export function means(tape: Tape, a: Traced, count: number): Traced {
  const places = segments(a.rows.length, count)
  const rows = gather(count, a.columns, (sums) => {
    for (const [segment, { start, size }] of places.entries())
      for (let row = start; row < start + size; row++) sums.addRow(segment, a.at(row), extended(1 / size))
  })
  return tape.record(rows, a.columns, [a], (cotangent) => {
    for (const [segment, { start, size }] of places.entries())
      for (let row = start; row < start + size; row++)
        a.cotangent?.addRow(row, cotangent(segment), extended(1 / size))
  })
}

/** `count` rows Σ_t filter[t]·v[i + t − (width − 1)/2], zeros beyond both ends of v; the filter is a row. */
export function filtered(tape: Tape, filter: Traced, v: Traced, count: number): Traced {
  const half = (filter.columns - 1) / 2
  const taps = (meet: (i: number, t: number, from: number) => void): void => {
    for (let i = 0; i < count; i++)
      for (let t = 0; t < filter.columns; t++) {
        const from = i + t - half
        if (from >= 0 && from < v.rows.length) meet(i, t, from)
      }
  }
  const rows = gather(count, v.columns, (sums) => {
    taps((i, t, from) => sums.addRow(i, v.at(from), filter.at(0).at(t)))
  })
  return tape.record(rows, v.columns, [filter, v], (cotangent) => {
    const cotangents = Array.from({ length: count }, (_, i) => cotangent(i))
    taps((i, t, from) => {
      const g = cotangents[i] ?? cotangent(i)
      filter.cotangent?.add(0, t, dot(g, v.at(from)))
      v.cotangent?.addRow(from, g, filter.at(0).at(t))
    })
  })
}

/** √scale·x/|x| of each row √scale·x. A row of zeros stays, and hands on nothing. */
export function directions(tape: Tape, a: Traced, rows: Rows, scale: number): Traced {
  return tape.record(rows, a.columns, [a], (cotangent) => {
    for (const [index, unit] of rows.entries()) {
      const norm = Math.sqrt(toNumber(dot(a.at(index), a.at(index))))
      if (norm === 0) continue
      // With u the direction, g − u(u·g) over the norm, times √scale; the row here is √scale·u.
      const g = cotangent(index)
      a.cotangent?.addRow(index, g, extended(Math.sqrt(scale) / norm))
      a.cotangent?.addRow(index, unit, negate(divide(dot(unit, g), extended(Math.sqrt(scale) * norm))))
    }
  })
}

function gather(rows: number, columns: number, fill: (sums: Sums) => void): Rows {
  const sums = new Sums(rows, columns)
  fill(sums)
  return Array.from({ length: rows }, (_, row) => sums.row(row))
}
