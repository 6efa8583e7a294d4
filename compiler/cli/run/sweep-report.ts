/** What a sweep found: for people, for programs, as a table and as a drawing. */
import { counted } from '../../diagnostics/counted.ts'
import { usage } from '../failure.ts'
import type { Paint } from '../io.ts'
import { type Line, plot } from '../plot.ts'
import { duration, grouped, significant, small, table } from '../table.ts'
import type { Sweep, Swept } from './sweep.ts'

export function sweepText({ name }: Sweep, swept: readonly Swept[], paint: Paint): string {
  const head = ['attention', name, 'to exact attention', 'uniform', 'later calls', 'error']
  const rows = swept.map(({ value, measurement: { name, estimate, timing, error } }) => [
    name,
    grouped(value),
    estimate === undefined ? '–' : significant(estimate.toExact),
    estimate === undefined ? '–' : significant(estimate.uniformToExact),
    duration(timing.median),
    small(error.relativeRms),
  ])
  const [headLine = '', ...lines] = table([head, ...rows], [1, 2, 3, 4, 5]).split('\n')
  const [first] = swept
  return [
    ...(first === undefined ? [] : [whereOf(first), '']),
    paint('bold', headLine),
    ...lines,
    paint(
      'dim',
      '  to exact attention: relative RMS distance of the outputs, of one draw; uniform: that of attending to every key alike',
    ),
    paint('dim', '  error: relative RMS difference from the same attention in float64'),
    '',
  ].join('\n')
}

const whereOf = ({ measurement: { backend, device, inputs } }: Swept): string =>
  `${backend} on ${device}, ${counted(inputs.heads, 'head')} of length ${grouped(inputs.length)}`

export const sweepDocument = ({ setting }: Sweep, swept: readonly Swept[]): unknown => ({
  sweep: setting,
  points: swept.map(
    ({ value, measurement: { name, backend, device, estimate, timing, error, verdict } }) => ({
      name,
      value,
      backend,
      device,
      ...(estimate && { estimate }),
      milliseconds: timing.median,
      error: error.relativeRms,
      passed: verdict.passed,
    }),
  ),
})

/** With a line of names, numbers in full. */
export const sweepCsv = ({ setting }: Sweep, swept: readonly Swept[]): string =>
  [
    ['attention', setting, 'to_exact', 'uniform_to_exact', 'milliseconds', 'error'],
    ...swept.map(({ value, measurement: { name, estimate, timing, error } }) => [
      name,
      value,
      estimate?.toExact ?? '',
      estimate?.uniformToExact ?? '',
      timing.median,
      error.relativeRms,
    ]),
  ]
    .map((row) => `${row.join(',')}\n`)
    .join('')

/** The distances to exact attention, and beside each that of attending to every key alike. */
export function sweepSvg({ name }: Sweep, points: readonly Swept[]): string {
  const names = [...new Set(points.map(({ measurement }) => measurement.name))]
  const lineOf = (of: string, field: 'toExact' | 'uniformToExact'): Line['points'] =>
    points.flatMap(({ value, measurement: { name, estimate } }) =>
      name === of && estimate !== undefined ? [[value, estimate[field]] as const] : [],
    )
  if (!points.some(({ measurement }) => measurement.estimate))
    throw usage(
      '--svg draws the distance to exact attention, and no kernel is declared whose estimate this is',
      'add kernel: exp(dot(q, k)), or save a table with --csv',
    )
  const lines = names.flatMap((one): Line[] => [
    { name: one, points: lineOf(one, 'toExact') },
    { name: 'every key alike', points: lineOf(one, 'uniformToExact'), dashed: true },
  ])
  return plot(lines, name, 'distance to exact attention')
}
