/**
 * Chooses tiles by the clock of a device, option by option. Candidates run in turn, so that what disturbs one disturbs
 * all; none is timed whose result is wrong, and one has to be clearly faster to take the place of what was chosen before,
 * so that noise changes no choice.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import type { CompiledAttention } from '../../index.ts'
import { type Choices, type OptionName, optionNames } from '../../schedule/choices.ts'
import { difference, judge } from '../run/difference.ts'
import { type Executor, executorOf } from '../run/execute.ts'
import type { Inputs } from '../run/inputs.ts'
import { expectedRows } from '../run/reference.ts'
import { rowsToCheck, selectRows } from '../run/rows.ts'
import { median } from '../run/timing.ts'
import { type Candidate, candidatesOf } from './candidates.ts'

/** A choice that is not this much faster is none: medians of the same kernels differ by less. */
const clearly = 0.95

/** A candidate, measured. */
export interface Measured {
  readonly option: OptionName
  readonly choices: Choices
  /** Relative RMS difference from float64. */
  readonly error: number
  /** Milliseconds of a call; absent where the result was wrong. */
  readonly median?: number
}

/** What was chosen for an attention. */
export interface Tuning {
  readonly device: string
  /** Whose clock was read: that of the device, or the host's, with upload and readback. */
  readonly clock: 'device' | 'host'
  readonly choices: Choices
  /** Candidates in the order in which they were tried; none where there is nothing to choose. */
  readonly measured: readonly Measured[]
}

/** What is measured, and how often. */
export interface TuneOptions {
  readonly inputs: Inputs
  readonly rounds: number
  readonly seed: number
}

/** @param from where the search begins, and what stands unless another choice is clearly faster */
export async function tune(
  from: Candidate,
  compile: (choices: Choices) => CompiledAttention,
  { inputs, rounds, seed }: TuneOptions,
  say: (step: string) => void,
): Promise<Tuning | undefined> {
  const { model, program } = from.compiled
  const backend = program.target
  const rows = rowsToCheck(inputs, seed)
  let expected: Float64Array | undefined
  let chosen = from
  let found: Pick<Tuning, 'device' | 'clock'> | undefined
  const measured: Measured[] = []
  for (const option of optionNames) {
    const candidates = candidatesOf(option, chosen, compile)
    if (candidates.length === 1) continue
    say(`${from.compiled.name}: ${option}`)
    expected ??= expectedRows(model, inputs, rows)
    const entered: Entered[] = []
    try {
      for (const candidate of candidates) {
        const executor = await executorOf(candidate.compiled, inputs, { backend, storage: 'f32' })
        const entry = { candidate, executor, error: NaN, passed: false, times: [] }
        entered.push(entry)
        const out = selectRows(await executor.run(), rows, inputs.length, model.valueDim)
        const error = difference(out, expected)
        Object.assign(entry, { error: error.relativeRms, passed: judge(error, 'f32').passed })
      }
      const clock = await timeInTurn(entered, rounds)
      found = { device: entered[0]?.executor.device ?? '', clock }
      chosen = fastest(entered, chosen)
      measured.push(...entered.map((entry) => resultOf(entry, option)))
    } finally {
      for (const { executor } of entered) executor.destroy()
    }
  }
  return found && { ...found, choices: chosen.choices, measured }
}

/** A candidate with its times; none is taken of one whose result is wrong. */
interface Raced<Of> {
  readonly candidate: Of
  readonly passed: boolean
  readonly times: readonly number[]
}

interface Entered extends Raced<Candidate> {
  readonly executor: Executor
  readonly error: number
  readonly times: number[]
}

/** Times candidates round by round, on the device's clock where it has one. */
async function timeInTurn(entered: readonly Entered[], rounds: number): Promise<Tuning['clock']> {
  const onDevice = (await entered[0]?.executor.deviceTime?.()) ?? 0
  const clock = onDevice > 0 ? 'device' : 'host'
  for (let round = 0; round < rounds; round++)
    for (const { executor, times, passed } of entered) {
      if (!passed) continue
      const began = performance.now()
      const time = clock === 'device' ? await executor.deviceTime?.() : await executor.run()
      times.push(typeof time === 'number' ? time : performance.now() - began)
    }
  return clock
}

/** The fastest candidate, where it is clearly faster than the one before; that one may have been wrong. */
export function fastest<Of>(entered: readonly Raced<Of>[], before: Of): Of {
  const right = entered.filter(({ passed }) => passed)
  const own = right.find(({ candidate }) => candidate === before)
  const best = right.reduce<Raced<Of> | undefined>(
    (least, one) => (least === undefined || median(one.times) < median(least.times) ? one : least),
    undefined,
  )
  invariant(best !== undefined, 'some candidate is right')
  return own === undefined || median(best.times) < clearly * median(own.times) ? best.candidate : before
}

const resultOf = ({ candidate, error, passed, times }: Entered, option: OptionName): Measured => ({
  option,
  choices: candidate.choices,
  error,
  ...(passed && { median: median(times) }),
})
