/**
 * Every attention of a file and exact softmax over a sweep of lengths, on all
 * backends in one run: rounds in turn, so that what disturbs one disturbs all, and
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
}

/** An attention, and the target for which it was compiled and whose backend runs it. */
export interface Contender {
  readonly runnable: Runnable
  readonly backend: Target
}

export interface Timed {
  readonly name: string
  readonly length: number
  readonly backend: Target
  /** Relative RMS difference from float64. */
  readonly error: number
  /** Milliseconds of a call, upload and readback included; absent where the result was wrong. */
  readonly median?: number
  /** Exact softmax of the same shape took so many times as long on the same backend. */
  readonly ahead?: number
}

export interface Sweep {
  /** By backend. */
  readonly devices: Readonly<Partial<Record<Target, string>>>
  /** Backends side by side, for each attention at each length. */
  readonly rows: readonly Timed[]
}

const deviation = 0.25

export async function sweep(
  contenders: readonly Contender[],
  options: SweepOptions,
  say: (step: string) => void,
): Promise<Sweep> {
  const rows: Timed[] = []
  const devices: Partial<Record<Target, string>> = {}
  for (const length of options.lengths) {
    const entered: Entered[] = []
    try {
      for (const contender of contenders) {
        const { runnable, backend } = contender
        say(`${runnable.name} at length ${length} on ${backend}`)
        entered.push(await enter(contender, length, options))
        say(`exact softmax at length ${length} on ${backend}`)
        entered.push(await enter({ runnable: softmaxLike(runnable, backend), backend }, length, options))
      }
      for (const { backend, executor } of entered) devices[backend] = executor.device
      say(`timing at length ${length}`)
      for (let round = 0; round < options.rounds; round++)
        for (const { executor, times, passed } of entered) {
          if (!passed) continue
          const began = performance.now()
          await executor.run()
          times.push(performance.now() - began)
        }
    } finally {
      for (const { executor } of entered) executor.destroy()
    }
    for (let index = 0; index < entered.length; index += 2) rows.push(result(entered, index, length))
  }
  return { devices, rows }
}

interface Entered {
  readonly name: string
  readonly backend: Target
  readonly executor: Executor
  readonly error: number
  readonly passed: boolean
  readonly times: number[]
}

/** Its first result, held against the reference. */
async function enter(
  { runnable, backend }: Contender,
  length: number,
  options: SweepOptions,
): Promise<Entered> {
  const { model, name } = runnable
  const { heads, seed } = options
  const random = { batch: 1, heads, kvHeads: heads, length, keyLength: length, seed, deviation }
  const inputs = withRandomWeights(randomInputs(random, model.dim, model.valueDim), model, random)
  const executor = await executorOf(runnable, inputs, { backend, storage: 'f32' })
  const out = await executor.run()
  const rows = rowsToCheck(inputs, seed)
  const found = difference(selectRows(out, rows, length, model.valueDim), expectedRows(model, inputs, rows))
  const { passed } = judge(found, 'f32')
  return { name, backend, executor, error: found.relativeRms, passed, times: [] }
}

function result(entered: readonly Entered[], index: number, length: number): Timed {
  const [one, softmax] = [entered[index], entered[index + 1]]
  invariant(one !== undefined && softmax !== undefined, 'softmax runs beside every attention')
  const { name, backend, error, passed, times } = one
  if (!passed) return { name, length, backend, error }
  // Round by round: what disturbs one call of a round is likely to disturb the other.
  const ratios = softmax.times.map((time, round) => time / (times[round] ?? NaN))
  const ahead = softmax.passed ? { ahead: median(ratios) } : {}
  return { name, length, backend, error, median: median(times), ...ahead }
}

/** Exact softmax over rows as wide, with the same triangle of keys if the attention is causal. */
function softmaxLike({ model }: Runnable, target: Target): Runnable {
  const mask = model.mask.kind === 'causal' ? 'causal' : 'none'
  const text = `attention softmax { dim: ${model.dim} value_dim: ${model.valueDim} scale: 1 / sqrt(dim) kernel: exp(dot(q, k)) mask: ${mask} }`
  const [made] = compile(text, { file: 'softmax', target }).modules
  invariant(made !== undefined, 'exact softmax compiles')
  return made
}
