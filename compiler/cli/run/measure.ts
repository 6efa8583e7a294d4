/** One attention, run, timed, and held against the reference. */
import type { Backend } from '../../../runtime/index.ts'
import { projectionsNeeded } from './advice.ts'
import { type Difference, difference, judge, type Storage, type Verdict } from './difference.ts'
import { executorOf, type Runnable } from './execute.ts'
import type { Inputs } from './inputs.ts'
import { expectedRows, yardsticks } from './reference.ts'
import { rowsToCheck, selectRows } from './rows.ts'
import { timed, type Timing } from './timing.ts'

export interface Measurement {
  readonly name: string
  readonly backend: Backend
  readonly storage: Storage
  readonly device: string
  readonly inputs: Inputs
  readonly valueDim: number
  /** [batch, heads, length, valueDim] */
  readonly result: Float32Array
  readonly timing: Timing
  /** On the device's own clock, in milliseconds, where it has one. */
  readonly deviceTime?: number
  /** Query rows of each head that were compared. */
  readonly rowsChecked: number
  /** From the float64 value of this attention. */
  readonly error: Difference
  readonly verdict: Verdict
  readonly estimate?: Estimate
}

/** Distances to the exact attention that the features claim to estimate: relative RMS of the output. */
export interface Estimate {
  readonly toExact: number
  /** Of attention to every visible key alike: a useful estimate is nearer than this. */
  readonly uniformToExact: number
  /** Projections with which it would be; where it is not, and where that can be told. */
  readonly projectionsNeeded?: number
}

export async function measure(
  runnable: Runnable,
  inputs: Inputs,
  options: {
    readonly backend: Backend
    readonly storage: Storage
    readonly repeat: number
    readonly seed?: number
  },
  say: (step: string) => void,
): Promise<Measurement> {
  const { name, model } = runnable
  say('making kernels')
  const start = performance.now()
  const executor = await executorOf(runnable, inputs, options)
  const preparation = performance.now() - start
  try {
    say('running')
    const { result: found, timing } = await timed(executor.run, options.repeat)
    const result = executor.apart(found)
    const deviceTime = await executor.deviceTime?.()
    const { length } = inputs
    const rows = rowsToCheck(inputs, options.seed ?? 0)
    const seen = selectRows(result, rows, length, model.valueDim)
    say('computing the float64 reference')
    const error = difference(seen, expectedRows(model, inputs, rows))
    say('computing exact attention in float64')
    const sticks = yardsticks(model, inputs, rows)
    return {
      name,
      backend: options.backend,
      storage: options.storage,
      device: executor.device,
      inputs,
      valueDim: model.valueDim,
      result,
      timing: { ...timing, first: preparation + timing.first },
      rowsChecked: rows.length,
      error,
      verdict: judge(error, options.storage),
      ...(deviceTime === undefined ? {} : { deviceTime }),
      ...(sticks === undefined
        ? {}
        : {
            estimate: judged(
              difference(seen, sticks.exact).relativeRms,
              difference(sticks.uniform, sticks.exact).relativeRms,
              () => projectionsNeeded(model, inputs),
            ),
          }),
    }
  } finally {
    executor.destroy()
  }
}

function judged(toExact: number, uniformToExact: number, needed: () => number | undefined): Estimate {
  const projections = toExact < uniformToExact ? undefined : needed()
  return { toExact, uniformToExact, ...(projections !== undefined && { projectionsNeeded: projections }) }
}
