/**
 * Every attention of a file and exact softmax over a sweep of lengths, on one
 * device in one run: rounds in turn, so that what disturbs one disturbs all, and
 * nothing is timed whose result is wrong.
 */
import { compile, type Target } from '../../index.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import { difference, judge } from '../run/difference.ts'
import { executorOf, type Executor, type Runnable } from '../run/execute.ts'
import { randomInputs } from '../run/inputs.ts'
import { expectedRows } from '../run/reference.ts'
import { rowsToCheck, selectRows } from '../run/rows.ts'
import { median } from '../run/timing.ts'
import { withRandomWeights } from '../run/weights.ts'

export interface SweepOptions {
  readonly lengths: readonly number[]
  readonly heads: number
  readonly rounds: number
  readonly seed: number
  /** What runs them: the target for which they were compiled. */
  readonly backend: Target
}

export interface Timed {
  readonly name: string
  readonly length: number
  /** Relative RMS difference from float64. */
  readonly error: number
  /** Milliseconds of a call, upload and readback included; absent where the result was wrong. */
  readonly median?: number
  /** Exact softmax of the same shape took so many times as long. */
  readonly ahead?: number
}

export interface Sweep {
  readonly device: string
  readonly rows: readonly Timed[]
}

const deviation = 0.25

export async function sweep(
  runnables: readonly Runnable[],
  options: SweepOptions,
  say: (step: string) => void,
): Promise<Sweep> {
  const rows: Timed[] = []
  let device = ''
  for (const length of options.lengths) {
    const contestants: Contestant[] = []
    try {
      for (const runnable of runnables) {
        say(`${runnable.name} at length ${length}`)
        contestants.push(await enter(runnable, length, options))
        say(`exact softmax at length ${length}`)
        contestants.push(await enter(softmaxLike(runnable, options.backend), length, options))
      }
      device = contestants[0]?.executor.device ?? device
      say(`timing at length ${length}`)
      for (let round = 0; round < options.rounds; round++)
        for (const { executor, times, passed } of contestants) {
          if (!passed) continue
          const began = performance.now()
          await executor.run()
          times.push(performance.now() - began)
        }
    } finally {
      for (const { executor } of contestants) executor.destroy()
    }
    for (let index = 0; index < contestants.length; index += 2) rows.push(result(contestants, index, length))
  }
  return { device, rows }
}

interface Contestant {
  readonly name: string
  readonly executor: Executor
  readonly error: number
  readonly passed: boolean
  readonly times: number[]
}

/** Its first result, held against the reference. */
async function enter(runnable: Runnable, length: number, options: SweepOptions): Promise<Contestant> {
  const { model, name } = runnable
  const { heads, seed, backend } = options
  const random = { batch: 1, heads, kvHeads: heads, length, keyLength: length, seed, deviation }
  const inputs = withRandomWeights(randomInputs(random, model.dim, model.valueDim), model, random)
  const executor = await executorOf(runnable, inputs, backend)
  const out = await executor.run()
  const rows = rowsToCheck(inputs, seed)
  const found = difference(selectRows(out, rows, length, model.valueDim), expectedRows(model, inputs, rows))
  return { name, executor, error: found.relativeRms, passed: judge(found).passed, times: [] }
}

function result(contestants: readonly Contestant[], index: number, length: number): Timed {
  const [one, softmax] = [contestants[index], contestants[index + 1]]
  invariant(one !== undefined && softmax !== undefined, 'softmax runs beside every attention')
  const { name, error, passed, times } = one
  if (!passed) return { name, length, error }
  // Round by round: what disturbs one call of a round is likely to disturb the other.
  const ratios = softmax.times.map((time, round) => time / (times[round] ?? NaN))
  return { name, length, error, median: median(times), ...(softmax.passed ? { ahead: median(ratios) } : {}) }
}

/** Exact softmax over rows as wide, with the same triangle of keys if the attention is causal. */
function softmaxLike({ model }: Runnable, target: Target): Runnable {
  const mask = model.mask.kind === 'causal' ? 'causal' : 'none'
  const text = `attention softmax { dim: ${model.dim} value_dim: ${model.valueDim} scale: 1 / sqrt(dim) kernel: exp(dot(q, k)) mask: ${mask} }`
  const [made] = compile(text, { file: 'softmax', target }).modules
  invariant(made !== undefined, 'exact softmax compiles')
  return made
}
