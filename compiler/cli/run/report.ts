/** What `run` found, as a table for people and as a document for programs. */
import type { Paint } from '../io.ts'
import { duration, grouped, significant, small, table } from '../table.ts'
import type { Inputs } from './inputs.ts'
import type { Measurement } from './measure.ts'

export interface RunResult {
  readonly file: string
  readonly measurements: readonly Measurement[]
  /** Attentions that are right but not run, and why. */
  readonly pending: readonly { readonly name: string; readonly unsupported: string }[]
  /** How the tensors came to be: a seed and a deviation, or a path. */
  readonly origin: Origin
  readonly output?: string
}

export type Origin =
  | { readonly kind: 'random'; readonly seed: number; readonly deviation: number }
  | { readonly kind: 'file'; readonly path: string }

export function text(result: RunResult, paint: Paint): string {
  const { measurements, pending, output } = result
  const [first] = measurements
  const parts: string[] = []
  if (first !== undefined) {
    parts.push(heading(result, first), results(measurements, paint), estimates(measurements, paint))
  }
  if (pending.length > 0) {
    const lines = pending.map(({ name, unsupported }) => [name, whyNot(unsupported)])
    parts.push(`${paint('bold', 'Not run')}\n${table(lines)}`)
  }
  if (output !== undefined && measurements.length > 0) parts.push(`saved ${output}`)
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

export function document({ file, measurements, pending, origin, output }: RunResult): unknown {
  return {
    file,
    tensors: origin,
    attentions: measurements.map((measurement) => {
      const {
        name,
        backend,
        storage,
        device,
        inputs,
        valueDim,
        timing,
        deviceTime,
        rowsChecked,
        error,
        verdict,
        estimate,
      } = measurement
      const { batch, heads, kvHeads, length, keyLength, dim, notes, layout } = inputs
      return {
        name,
        backend,
        ...(storage === 'f32' ? {} : { storage }),
        ...(layout === 'bhld' ? {} : { layout }),
        device,
        shape: { batch, heads, kvHeads, length, keyLength, dim, valueDim },
        milliseconds: { first: timing.first, median: timing.median, calls: timing.calls, device: deviceTime },
        error: { ...error, rowsChecked },
        passed: verdict.passed,
        verdict: verdict.words,
        ...(estimate === undefined ? {} : { estimate }),
        ...(notes.length === 0 ? {} : { notes }),
      }
    }),
    notRun: pending.map(({ name, unsupported }) => ({ name, reason: whyNot(unsupported) })),
    ...(output === undefined ? {} : { output }),
  }
}

/** For one attention that a target has no kernels of. */
export const whyNot = (unsupported: string): string =>
  `attention with ${unsupported} is checked and not yet compiled`

function heading(
  { origin, measurements }: RunResult,
  { backend, storage, device, inputs }: Measurement,
): string {
  const source =
    origin.kind === 'file'
      ? origin.path
      : `random, seed ${origin.seed}: standard deviation ${origin.deviation} in q and k, 1 in v`
  const lines = [
    ['backend', `${backend} on ${device}`],
    ['tensors', source],
    ...(storage === 'f32' ? [] : [['storage', `${storage}, inputs rounded to it`]]),
    ...(inputs.layout === 'bhld' ? [] : [['layout', `${inputs.layout}, heads inside rows`]]),
    ['shape', shapeOf(inputs)],
    ...[...new Set(measurements.flatMap((each) => each.inputs.notes))].map((note) => ['note', note]),
  ]
  return table(lines, [], '')
}

function shapeOf({ batch, heads, kvHeads, length, keyLength, lengths, queryLengths }: Inputs): string {
  const words = [`batch ${batch}`, `heads ${heads}`]
  if (kvHeads !== heads) words.push(`key/value heads ${kvHeads}`)
  words.push(`length ${grouped(length)}`)
  if (keyLength !== length) words.push(`key length ${grouped(keyLength)}`)
  if (lengths !== undefined) words.push(`of which count ${[...lengths].map(grouped).join(', ')}`)
  if (queryLengths !== undefined) words.push(`of query rows ${[...queryLengths].map(grouped).join(', ')}`)
  return words.join(' · ')
}

function results(measurements: readonly Measurement[], paint: Paint): string {
  const timedOnDevice = measurements.some(({ deviceTime }) => deviceTime !== undefined)
  const head = [
    'attention',
    'dim',
    'first call',
    'later calls',
    ...(timedOnDevice ? ['on the device'] : []),
    'error',
    'largest',
  ]
  const rows = measurements.map(({ name, inputs, timing, deviceTime, error }) => [
    name,
    String(inputs.dim),
    duration(timing.first),
    duration(timing.median),
    ...(timedOnDevice ? [deviceTime === undefined ? '–' : duration(deviceTime)] : []),
    small(error.relativeRms),
    small(error.maximum),
  ])
  const numbers = head.map((_, column) => column).slice(1)
  const [headLine = '', ...lines] = table([head, ...rows], numbers).split('\n')
  const judged = measurements.map(({ verdict }, index) => {
    return `${lines[index] ?? ''}   ${paint(verdict.passed ? 'green' : 'red', verdict.words)}`
  })
  return [
    paint('bold', headLine),
    ...judged,
    ...legend(measurements).map((line) => paint('dim', `  ${line}`)),
  ].join('\n')
}

function legend(measurements: readonly Measurement[]): string[] {
  const [first] = measurements
  if (first === undefined) return []
  const { rowsChecked, inputs } = first
  const some = rowsChecked < inputs.length
  const where = some ? `, at ${grouped(rowsChecked)} of ${grouped(inputs.length)} query rows` : ''
  const counts = measurements.map(({ timing }) => timing.calls)
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)]
  return [
    `error: relative RMS difference from the same attention in float64${where}; largest: of any entry`,
    'times: on the host, with upload and readback; the first call also opens the device and makes the kernels; later calls: the median of ' +
      (fewest === most ? `${most}` : `${fewest} to ${most}`),
  ]
}

function estimates(measurements: readonly Measurement[], paint: Paint): string {
  const rows = measurements.flatMap(({ name, estimate }) =>
    estimate === undefined ? [] : [{ name, ...estimate, useful: estimate.toExact < estimate.uniformToExact }],
  )
  if (rows.length === 0) return ''
  const cells = rows.map(({ name, toExact, uniformToExact }) => [
    name,
    significant(toExact),
    significant(uniformToExact),
  ])
  const head = ['distance to exact attention', 'estimate', 'uniform']
  const [headLine = '', ...lines] = table([head, ...cells], [1, 2]).split('\n')
  const judged = rows.map(({ useful, projectionsNeeded: needed }, index) => {
    const help =
      needed === undefined
        ? 'more projections or landmarks help, or smaller rows'
        : `it takes smaller rows, or some ${Number(needed.toPrecision(2)).toLocaleString('en-US')} projections`
    return useful
      ? `${lines[index] ?? ''}   ${paint('green', 'nearer than attending to every key alike')}`
      : `${lines[index] ?? ''}   ${paint('yellow', `no nearer than attending to every key alike: ${help}`)}`
  })
  const explanation = paint(
    'dim',
    '  relative RMS distance of the outputs; uniform: every visible key has the same weight',
  )
  return [paint('bold', headLine), ...judged, explanation].join('\n')
}
