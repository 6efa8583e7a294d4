/** Tables and numbers for people. */

/** Two spaces between columns; columns named in `right` are aligned to the right. */
export function table(
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
  indent = '  ',
): string {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length)
    })
  }
  return rows
    .map((row) => {
      const cells = row.map((cell, column) => {
        const width = widths[column] ?? 0
        return right.includes(column) ? cell.padStart(width) : cell.padEnd(width)
      })
      return `${indent}${cells.join('  ')}`.trimEnd()
    })
    .join('\n')
}

/** `1.2 ms`, `340 µs`, `2.1 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds >= 1000) return `${significant(milliseconds / 1000)} s`
  if (milliseconds >= 1) return `${significant(milliseconds)} ms`
  return `${significant(milliseconds * 1000)} µs`
}

/** In powers of 1024, as memory is sold: `16 KiB`. */
export function bytes(count: number): string {
  return scaled(count, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB'])
}

/** In powers of 1000: `1.07 GFLOP`. */
export function operations(count: number): string {
  return scaled(count, 1000, ['FLOP', 'kFLOP', 'MFLOP', 'GFLOP', 'TFLOP', 'PFLOP'])
}

/** `4,096` */
export function grouped(count: number): string {
  return count.toLocaleString('en-US')
}

/** Three digits that count, without an exponent: `0.0123`, `12.3`, `1230`. */
export function significant(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value)
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return value.toFixed(digits)
}

/** Errors span many magnitudes: `3.1e-7`. */
export function small(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value)
  return value.toExponential(1)
}

function scaled(count: number, base: number, units: readonly string[]): string {
  let unit = 0
  let value = count
  while (value >= base && unit < units.length - 1) {
    value /= base
    unit++
  }
  return `${unit === 0 ? grouped(value) : significant(value)} ${units[unit] ?? ''}`
}
