/** What `run` runs: the attentions of a file that were chosen, on what, with which tensors. */
import type { Backend } from '../../../runtime/index.ts'
import type { Source } from '../../diagnostics/diagnostic.ts'
import { messages } from '../../diagnostics/messages.ts'
import type { Compilation } from '../../index.ts'
import { declaredTensors } from '../../semantics/model.ts'
import { isTarget } from '../../targets/index.ts'
import { chosenBackend } from '../backends.ts'
import { reportDiagnostics } from '../diagnostics.ts'
import { SpecFailure, usage } from '../failure.ts'
import { type Io, progressOn } from '../io.ts'
import { compileChosen } from '../selection.ts'
import { loadArrays } from '../tensors/load.ts'
import type { Storage } from './difference.ts'
import { type Runnable, targetOf } from './execute.ts'
import {
  type Inputs,
  inputNames,
  inputsFrom,
  type RandomOptions,
  roundedToHalves,
  type TensorLayout,
} from './inputs.ts'
import { measure, type Measurement } from './measure.ts'
import { randomFor } from './random.ts'
import type { Origin } from './report.ts'

/** The code of the warning that no target has kernels, of which the reference needs none. */
const noKernels = messages.textAlone.code

export interface RunOptions {
  readonly only?: string
  readonly length?: number
  readonly keyLength?: number
  readonly batch?: number
  readonly heads?: number
  readonly kvHeads?: number
  readonly seed?: number
  readonly std?: number
  readonly input?: string
  readonly backend?: Backend
  readonly storage: Storage
  readonly layout: TensorLayout
  readonly repeat: number
}

/** What a backend can run of a file, whose warnings are shown. */
interface Chosen {
  readonly backend: Backend
  readonly runnable: readonly Runnable[]
  readonly pending: Compilation['pending']
}

/** @throws SpecFailure where the file is wrong and nothing of it can be run */
export async function chosenIn(io: Io, source: Source, { only, ...options }: RunOptions): Promise<Chosen> {
  const compiled = (backend: Backend): Compilation =>
    compileChosen(source, { target: targetOf(backend), only })
  const backend =
    options.backend ?? (await chosenBackend(io, (name) => !isTarget(name) || isWorthRunning(compiled(name))))
  const compilation = compiled(backend)
  const { diagnostics } = compilation
  const { runnable, pending } = choose(compilation, backend)
  const wrong = diagnostics.some(({ severity }) => severity === 'error')
  if (wrong && runnable.length === 0) throw new SpecFailure([{ source, diagnostics }])
  reportDiagnostics(io, {
    source,
    diagnostics: diagnostics.filter(
      ({ severity, code }) => severity === 'warning' && (isTarget(backend) || code !== noKernels),
    ),
  })
  return { backend, runnable, pending }
}

/** One after another, saying which. */
export async function measureAll(
  io: Io,
  runnable: readonly Runnable[],
  options: RunOptions,
  backend: Backend,
): Promise<Measurement[]> {
  const given = inputsBy(io, options, runnable)
  const inputs: typeof given = (one) => (options.storage === 'f16' ? roundedToHalves(given(one)) : given(one))
  const progress = progressOn(io.err)
  const measurements: Measurement[] = []
  try {
    for (const one of runnable) {
      const say = (step: string): void => progress.say(`${one.name}: ${step} …`)
      measurements.push(await measure(one, inputs(one), { ...options, backend }, say))
    }
  } finally {
    progress.done()
  }
  return measurements
}

/** Whether there are kernels for any of it, or errors that no other backend mends. */
const isWorthRunning = ({ modules, pending }: Compilation): boolean =>
  modules.length > 0 || pending.length === 0

/** In the order of the file. The float64 reference runs also what has no kernels yet. */
function choose(
  { modules, pending, attentions }: Compilation,
  backend: Backend,
): { readonly runnable: readonly Runnable[]; readonly pending: Compilation['pending'] } {
  if (isTarget(backend)) return { runnable: modules, pending }
  const place = ({ name }: Runnable): number => attentions.indexOf(name)
  const all: readonly Runnable[] = [...modules, ...pending]
  return { runnable: all.toSorted((left, right) => place(left) - place(right)), pending: [] }
}

/** What an attention is given: the file's arrays, the same for all, or random ones of its widths. */
function inputsBy(
  io: Io,
  options: RunOptions,
  runnable: readonly Runnable[],
): (runnable: Runnable) => Inputs {
  const { input } = options
  if (input === undefined) {
    const random = randomOptions(options)
    return ({ model }) => randomFor(model, random)
  }
  const random = ['length', 'keyLength', 'batch', 'heads', 'kvHeads', 'seed', 'std'] as const
  const clash = random.find((name) => options[name] !== undefined)
  if (clash !== undefined) {
    const flag = clash.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    throw usage(`--${flag} is for random tensors, and ${input} has its own shape`, 'leave one of the two out')
  }
  const declared = runnable.flatMap(({ model }) => declaredTensors(model).map(({ name }) => name))
  const given = inputsFrom(input, loadArrays(io, input, [...inputNames, ...declared]), options.layout)
  return ({ name, model }) => {
    if (given.dim === model.dim && given.valueDim === model.valueDim) return given
    throw usage(
      `${input} has rows of ${given.dim} in q and k and ${given.valueDim} in v; ${name} is declared with dim ${model.dim} and value_dim ${model.valueDim}`,
      'change the declaration, or choose another attention with --only',
    )
  }
}

export function originOf(options: RunOptions): Origin {
  if (options.input !== undefined) return { kind: 'file', path: options.input }
  const { seed, deviation } = randomOptions(options)
  return { kind: 'random', seed, deviation }
}

function randomOptions(options: RunOptions): RandomOptions {
  const { length = 1024, heads = 4, batch = 1, seed = 0, std = 0.25 } = options
  const { keyLength = length, kvHeads = heads } = options
  if (heads % kvHeads !== 0) {
    throw usage(
      `--heads ${heads} is no multiple of --kv-heads ${kvHeads}`,
      'each key/value head serves equally many',
    )
  }
  return { length, keyLength, heads, kvHeads, batch, seed, deviation: std, layout: options.layout }
}
