// The report for people: sentences and tables in Markdown, ready for a README.
import { callsOnDevice } from './compare.mjs'
import { table } from './table.mjs'

/** @typedef {import('./benchmark.mjs').Result} Result */

/**
 * @typedef {import('./benchmark.mjs').Report & Surroundings} FullReport
 *
 * @typedef {object} Surroundings
 * @property {{ readonly name: string, readonly software: boolean }} device
 * @property {{ readonly words: string }} model
 * @property {{ readonly version: string } | { readonly missing: string }} peer
 * @property {{ readonly heads: number, readonly dim: number }} sizes
 * @property {number} rounds
 */

/**
 * @param {FullReport} report
 * @returns {string}
 */
export function printReport(report) {
  const { device, model, peer, results, rounds, sizes } = report
  const done = results.flatMap((result) => ('refused' in result ? [] : [result]))
  const refused = results.flatMap((result) =>
    'refused' in result ? [`length ${result.length}: ${result.refused}`] : [],
  )
  return [
    `Causal linear attention (elu + 1), f32, batch 1, ${sizes.heads} heads, dim ${sizes.dim}, on ${device.name}.`,
    'version' in peer
      ? `ONNX Runtime ${peer.version}: its WebGPU LinearAttention, without feature map and denominator, ` +
        'by a Dawn of its own on the same physical device.'
      : `ONNX Runtime: none. ${peer.missing}.`,
    ...(device.software
      ? ['A processor stands in for a GPU here: ratios count, absolute times do not.']
      : []),
    ...refused,
    ...(done.length === 0
      ? []
      : [
          `Milliseconds a call, upload and readback included: the median of ${rounds}, [the middle half of them].`,
          comparison(done, 'fromArrays'),
          `Milliseconds a call on tensors that lie on the device, of ${callsOnDevice} calls and one readback. ` +
            `Beside them, ${model.words}. Time between dispatches is not in it, and the peer has no model:`,
          comparison(done, 'onDevice'),
          ...deviceSide(report, done),
        ]),
  ].join('\n\n')
}

/**
 * @param {readonly Result[]} done
 * @param {'fromArrays' | 'onDevice'} way
 */
function comparison(done, way) {
  const [own, ...others] = done[0]?.contestants.map(({ name }) => name) ?? []
  return table(
    [
      'length',
      own ?? '',
      ...(way === 'onDevice' ? ['modelled'] : []),
      ...others.flatMap((name) => [name, 'ahead']),
      'error',
    ],
    done.map(({ length, contestants, modelled }) => [
      String(length),
      ...contestants.flatMap((measured, index) => [
        spread(measured[way]),
        ...(index === 0 && way === 'onDevice' ? [digits(modelled.milliseconds)] : []),
        ...(index > 0 ? [`${digits(measured.behind[way])} ×`] : []),
      ]),
      contestants.map(({ error }) => error.whole.toExponential(1)).join(' / '),
    ]),
  )
}

/**
 * @param {FullReport} report
 * @param {readonly Result[]} done
 * @returns {string[]}
 */
function deviceSide({ ceilings, firstResult }, done) {
  const compiled = `attnc's kernels took ${digits(firstResult)} ms to their first result, most of it the driver's compiler.`
  const profiles = done.flatMap(({ length, profile, modelled }) =>
    profile ? [{ length, profile, modelled }] : [],
  )
  const [first] = profiles
  if (first === undefined || ceilings === undefined)
    return [`${compiled} The device has no timestamps, so nothing is said of its own time.`]
  const { copy, matmul } = ceilings
  return [
    `${compiled} By its own clock, attnc alone, milliseconds of each dispatch, measured / modelled; beside a copy of ` +
      `${copy.bytes / 2 ** 20} MiB (read and written) at ${digits(copy.gigabytesPerSecond)} GB/s and an f32 product of ` +
      `${matmul.size} × ${matmul.size} matrices at ${digits(matmul.gigaflops)} GFLOP/s:`,
    table(
      ['length', ...first.profile.dispatches.map(({ kernel }) => kernel), 'all', 'of copy', 'of product'],
      profiles.map(
        ({ length, profile: { dispatches, milliseconds, ofCopy = NaN, ofMatmul = NaN }, modelled }) => [
          String(length),
          ...dispatches.map((dispatch, index) =>
            both(dispatch.milliseconds, modelled.dispatches[index]?.milliseconds),
          ),
          both(milliseconds, modelled.milliseconds),
          percent(ofCopy),
          percent(ofMatmul),
        ],
      ),
    ),
  ]
}

/** @param {import('./statistics.mjs').Timing} timing */
const spread = ({ median, lower, upper }) => `${digits(median)} [${digits(lower)}–${digits(upper)}]`

/**
 * @param {number} measured milliseconds
 * @param {number} [modelled]
 */
const both = (measured, modelled = NaN) => `${digits(measured)} / ${digits(modelled)}`

/** @param {number} share */
const percent = (share) => `${digits(share * 100)} %`

/**
 * Three digits that count, at most three decimals.
 * @param {number} value
 */
function digits(value) {
  const decimals = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3
  return value.toFixed(decimals)
}
