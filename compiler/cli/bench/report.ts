/** What a benchmark found: for people, as a table of numbers, and as a drawing. */
import { counted } from '../../diagnostics/counted.ts'
import type { Target } from '../../index.ts'
import { type Line, plot } from '../plot.ts'
import { duration, grouped, table } from '../table.ts'
import type { Sweep, Timed } from './sweep.ts'

/** Backends that have no kernels of an attention, beside others that have. */
interface Untimed {
  readonly name: string
  readonly backend: Target
  readonly reason: string
}

export function benchText(
  { devices, model, rows, untimed }: Sweep & { readonly untimed: readonly Untimed[] },
  { heads, rounds }: { readonly heads: number; readonly rounds: number },
): string {
  const slowest = Math.max(...rows.map(({ median = 0 }) => median))
  const lines = rows.map(({ name, length, backend, error, median, onDevice, modelled, ahead }) => [
    name,
    grouped(length),
    backend,
    median === undefined ? 'not timed: the result is wrong' : duration(median),
    ...(model === undefined ? [] : [durationOr(onDevice), durationOr(modelled)]),
    ahead === undefined ? '' : `${ahead.toFixed(2)} ×`,
    error.toExponential(1),
    bar((median ?? 0) / slowest),
  ])
  const ofDevice = model === undefined ? [] : ['dispatches', 'modelled']
  const head = ['attention', 'length', 'backend', 'a call', ...ofDevice, 'ahead of softmax', 'error', '']
  const numbers = head
    .map((_, column) => column)
    .filter((column) => ![0, 2, head.length - 1].includes(column))
  return [
    ...Object.entries(devices).map(([backend, device]) => `${backend} on ${device}`),
    `batch 1, ${counted(heads, 'head')}`,
    '',
    table([head, ...lines], numbers),
    `  a call: the median of ${rounds}, with upload and readback; ahead: exact softmax of the same shape and backend took`,
    '  so many times as long, round by round; error: relative RMS difference from float64, looked at before anything is timed',
    ...(model === undefined
      ? []
      : ["  dispatches: of them the same by the device's own clock, where it has one", `  ${model.words}`]),
    ...untimed.map(({ name, backend, reason }) => `  ${name} is not timed on ${backend}: ${reason}`),
    '',
    ...series(rows).map(({ name, backend, rows }) => `  ${name} on ${backend} is ${aheadFrom(rows)}`),
    '',
  ].join('\n')
}

const durationOr = (milliseconds: number | undefined): string =>
  milliseconds === undefined ? '–' : duration(milliseconds)

/** In eighths of a character, 20 characters of the largest. */
function bar(share: number): string {
  const eighths = Math.round(share * 160)
  const last = eighths % 8
  return '█'.repeat(Math.floor(eighths / 8)) + (last === 0 ? '' : String.fromCodePoint(0x2590 - last))
}

interface Series {
  readonly name: string
  readonly backend: Target
  /** By length. */
  readonly rows: readonly Timed[]
}

function series(all: readonly Timed[]): readonly Series[] {
  const firsts = all.filter(
    (one, index) =>
      index === all.findIndex(({ name, backend }) => name === one.name && backend === one.backend),
  )
  return firsts.map(({ name, backend }) => ({
    name,
    backend,
    rows: all
      .filter((row) => row.name === name && row.backend === backend)
      .toSorted((one, other) => one.length - other.length),
  }))
}

/** From which length on each call was faster than softmax of the same shape. */
function aheadFrom(rows: readonly Timed[]): string {
  const behind = rows.findLastIndex(({ ahead = 0 }) => ahead <= 1)
  const [from, longest] = [rows[behind + 1], rows.at(-1)]
  if (from !== undefined) return `ahead of softmax from length ${grouped(from.length)} on, of those timed`
  return `not ahead of softmax at length ${grouped(longest?.length ?? 0)}, the longest that was timed`
}

/** With a line of names, numbers in full. */
export const benchCsv = ({ rows }: Sweep): string =>
  [
    ['attention', 'length', 'backend', 'milliseconds', 'ahead_of_softmax', 'error'],
    ...rows.map(({ name, length, backend, median, ahead, error }) => [
      name,
      length,
      backend,
      median ?? '',
      ahead ?? '',
      error,
    ]),
  ]
    .map((row) => `${row.join(',')}\n`)
    .join('')

/** Times against the length, and beside them those of softmax. */
export function benchSvg({ rows }: Sweep): string {
  const lines = series(rows).flatMap(({ name, backend, rows }): Line[] => [
    {
      name: `${name}, ${backend}`,
      points: rows.flatMap(({ length, median }) => (median === undefined ? [] : [[length, median] as const])),
    },
    {
      name: `softmax, ${backend}`,
      points: rows.flatMap(({ length, median, ahead }) =>
        median === undefined || ahead === undefined ? [] : [[length, median * ahead] as const],
      ),
      dashed: true,
    },
  ])
  return plot(
    lines.filter(({ points }) => points.length > 0),
    'length',
    'milliseconds',
  )
}
