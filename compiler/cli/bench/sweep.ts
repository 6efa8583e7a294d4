/**
 * Every attention of a file and exact softmax over a sweep of lengths, on all
 * backends in one run: rounds in turn, so that what disturbs one disturbs all, and
 * nothing is timed whose result is wrong.
 */
import { compile, type CompiledAttention, type Target } from '../../index.ts'
import { devices as profiles } from '../../cost/device.ts'
import { expectForm } from '../../cost/estimate.ts'
import { inWords, type Likeness, profileFor } from '../../cost/nearest.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import { targetNamed } from '../../targets/index.ts'
import { difference, judge } from '../run/difference.ts'
import { executorOf, type Executor } from '../run/execute.ts'
import { randomFor } from '../run/random.ts'
import { expectedRows } from '../run/reference.ts'
import { rowsToCheck, selectRows } from '../run/rows.ts'
import { median } from '../run/timing.ts'

export interface SweepOptions {
  readonly lengths: readonly number[]
  readonly heads: number
  readonly rounds: number
  readonly seed: number
}

/** An attention, and the target for which it was compiled and whose backend runs it. */
export interface Contender {
  readonly runnable: CompiledAttention
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
  /** Milliseconds that the cost model expects of the dispatches; where it counts the target's kernels. */
  readonly modelled?: number
  /** Milliseconds of the dispatches by the device's own clock, where it has one. */
  readonly onDevice?: number
  /** Exact softmax of the same shape took so many times as long on the same backend. */
  readonly ahead?: number
}

/** A profile of a device, and what modelled times are, for people. */
interface Model extends Likeness {
  readonly words: string
}

export interface Sweep {
  /** By backend. */
  readonly devices: Readonly<Partial<Record<Target, string>>>
  /** The profile of a device that modelled times are of; absent where no kernels are counted. */
  readonly model?: Model
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
  let model: Model | undefined
  for (const length of options.lengths) {
    const entered: Entered[] = []
    try {
      for (const contender of contenders) {
        const { runnable, backend } = contender
        say(`${runnable.name} at length ${length} on ${backend}`)
        const one = await enter(contender, length, options)
        if (isModelled(backend)) model ??= modelOf(one.executor.device)
        entered.push(
          model && isModelled(backend)
            ? { ...one, modelled: modelled(runnable, model, { heads: options.heads, length }) }
            : one,
        )
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
      for (const one of entered.filter(({ modelled }) => modelled !== undefined))
        for (let round = 0; one.passed && round < options.rounds; round++)
          one.onDevice.push((await one.executor.deviceTime?.()) ?? NaN)
    } finally {
      for (const { executor } of entered) executor.destroy()
    }
    for (let index = 0; index < entered.length; index += 2) rows.push(result(entered, index, length))
  }
  return { devices, ...(model && { model }), rows }
}

interface SequenceSizes {
  readonly heads: number
  readonly length: number
}

interface Entered {
  readonly name: string
  readonly backend: Target
  readonly executor: Executor
  readonly error: number
  readonly passed: boolean
  readonly times: number[]
  readonly modelled?: number
  readonly onDevice: number[]
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
  const inputs = randomFor(model, random)
  const executor = await executorOf(runnable, inputs, { backend, storage: 'f32' })
  const out = await executor.run()
  const rows = rowsToCheck(inputs, seed)
  const found = difference(selectRows(out, rows, length, model.valueDim), expectedRows(model, inputs, rows))
  const { passed } = judge(found, 'f32')
  return { name, backend, executor, error: found.relativeRms, passed, times: [], onDevice: [] }
}

function result(entered: readonly Entered[], index: number, length: number): Timed {
  const [one, softmax] = [entered[index], entered[index + 1]]
  invariant(one !== undefined && softmax !== undefined, 'softmax runs beside every attention')
  const { name, backend, error, passed, times, modelled, onDevice } = one
  if (!passed) return { name, length, backend, error }
  // Round by round: what disturbs one call of a round is likely to disturb the other.
  const ratios = softmax.times.map((time, round) => time / (times[round] ?? NaN))
  const ahead = softmax.passed ? { ahead: median(ratios) } : {}
  const device = {
    ...(modelled === undefined ? {} : { modelled }),
    ...(onDevice.some(Number.isFinite) ? { onDevice: median(onDevice) } : {}),
  }
  return { name, length, backend, error, median: median(times), ...device, ...ahead }
}

/** Milliseconds of the dispatches of a call, by the profile that stands for the device. */
function modelled(
  { forms }: CompiledAttention,
  { profile }: Likeness,
  { heads, length }: SequenceSizes,
): number {
  const call = { batch: 1, heads, kvHeads: heads, length, keyLength: length }
  return 1e3 * expectForm(forms.forward, call, profiles[profile]).time
}

/** Whether the cost model counts a target's kernels. */
const isModelled = (target: Target): boolean => targetNamed(target).modelled === true

function modelOf(device: string): Model {
  const likeness = profileFor(device, false)
  return { ...likeness, words: inWords(likeness, device) }
}

/** Exact softmax over rows as wide, with the same triangle of keys if the attention is causal. */
function softmaxLike({ model }: CompiledAttention, target: Target): CompiledAttention {
  const mask = model.mask.kind === 'causal' ? 'causal' : 'none'
  const text = `attention softmax { dim: ${model.dim} value_dim: ${model.valueDim} scale: 1 / sqrt(dim) kernel: exp(dot(q, k)) mask: ${mask} }`
  const [made] = compile(text, { file: 'softmax', target }).modules
  invariant(made !== undefined, 'exact softmax compiles')
  return made
}
