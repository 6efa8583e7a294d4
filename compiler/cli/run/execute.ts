/** The backends that can run a compiled attention here. */
import {
  type Attention,
  AttentionError,
  type Backend,
  createAttention,
  type ForwardCall,
  type Tensor,
} from '../../../runtime/index.ts'
import { turn } from '../../../runtime/calls/apart.ts'
import { headsOf } from '../../../runtime/contract/tensors.ts'
import { narrow, widen } from '../../../runtime/storage/half.ts'
import type { AttentionModel, Program, Target } from '../../index.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import { defaultTarget, isTarget } from '../../targets/index.ts'
import { CommandFailure, status, usage } from '../failure.ts'
import { declaredOf } from './declared.ts'
import type { Inputs } from './inputs.ts'
import type { Storage } from './difference.ts'
import { expectedRows } from './reference.ts'

/** What an attention is compiled for, to run on a backend; the reference shows what the first target would run. */
export const targetOf = (backend: Backend): Target => (isTarget(backend) ? backend : defaultTarget)

/** The float64 reference needs no program, and so runs what cannot be compiled yet. */
export interface Runnable {
  readonly name: string
  readonly model: AttentionModel
  readonly program?: Program
}

export interface Executor {
  /** What it runs on, for people. */
  readonly device: string
  readonly run: () => Promise<Float32Array>
  /** A result with heads apart. */
  readonly apart: (result: Float32Array) => Float32Array
  /** Milliseconds of all dispatches, on the device's clock; absent where it has none. */
  readonly deviceTime?: () => Promise<number | undefined>
  readonly destroy: () => void
}

export async function executorOf(
  { name, model, program }: Runnable,
  inputs: Inputs,
  { backend, storage }: { readonly backend: Backend; readonly storage: Storage },
): Promise<Executor> {
  if (!isTarget(backend)) return referenceExecutor(model, inputs, storage)
  invariant(program !== undefined, `${name} is run on a device only when it is compiled`)
  const weights = {
    ...Object.fromEntries([...inputs.weights].map(([name, { data }]) => [name, data])),
    ...declaredOf(model, inputs).weights,
  }
  const attention = await inWords(() =>
    createAttention(program, {
      backend,
      storage,
      ...(inputs.projection === undefined ? {} : { projection: inputs.projection.data }),
      ...(Object.keys(weights).length > 0 && { weights }),
    }),
  )
  const single = { ...callOf(inputs), ...declaredInputs(model, inputs) }
  const call: ForwardCall<Float32Array | Uint16Array> = storage === 'f16' ? halfCall(single) : single
  return {
    device: attention.device,
    run: () => inWords(async () => onSingles(await attention.forward(call))),
    apart: (result) =>
      inputs.layout === 'bhld' ? result : turn(result, inputs.batch, inputs.length, inputs.heads),
    deviceTime: () => deviceTimeOf(attention, call),
    destroy: () => attention.destroy(),
  }
}

/** Nothing but what a call may have: an attention refuses what it does not know. */
function callOf({
  q,
  k,
  v,
  batch,
  heads,
  kvHeads,
  length,
  keyLength,
  lengths,
  queryLengths,
  layout,
  valueHeads,
}: Inputs): ForwardCall<Float32Array> {
  const counts = { batch, heads, kvHeads, length, keyLength, lengths, queryLengths }
  const sizes = {
    ...counts,
    ...(valueHeads !== undefined && { valueHeads }),
  }
  if (layout === 'bhld') return { q, k, v, ...sizes }
  const inside = {
    q: turn(q, batch, heads, length),
    k: turn(k, batch, kvHeads, keyLength),
    v: turn(v, batch, valueHeads ?? kvHeads, keyLength),
  }
  return { ...inside, ...sizes, layout }
}

/** The inputs that the file declares, of which those with heads lie as the rows of the call do. */
function declaredInputs(model: AttentionModel, inputs: Inputs): Pick<ForwardCall<Float32Array>, 'inputs'> {
  const given = declaredOf(model, inputs).inputs
  if (Object.keys(given).length === 0) return {}
  if (inputs.layout === 'bhld') return { inputs: given }
  const turned = (model.inputs ?? []).flatMap(({ name, heads, rows = 'keyLength' }) => {
    const data = given[name]
    return data === undefined
      ? []
      : [[name, turn(data, inputs.batch, headsOf(heads, inputs), inputs[rows])] as const]
  })
  return { inputs: Object.fromEntries(turned) }
}

/** The same numbers, which f16 holds. */
function halfCall({ q, k, v, ...call }: ForwardCall<Float32Array>): ForwardCall<Uint16Array> {
  const [halfQ, halfK, halfV] = [q, k, v].map((rows) => narrow(rows).halves) as [
    Uint16Array,
    Uint16Array,
    Uint16Array,
  ]
  return { ...call, q: halfQ, k: halfK, v: halfV }
}

const onSingles = (out: Float32Array | Uint16Array): Float32Array =>
  out instanceof Uint16Array ? widen(out) : out

function referenceExecutor(model: AttentionModel, inputs: Inputs, storage: Storage): Executor {
  const stored = (out: Float32Array): Float32Array => (storage === 'f16' ? widen(narrow(out).halves) : out)
  const rows = Array.from({ length: inputs.length }, (_, row) => row)
  return {
    device: 'this processor, float64',
    run: () => inWords(async () => stored(Float32Array.from(expectedRows(model, inputs, rows)))),
    apart: (result) => result,
    destroy: () => {},
  }
}

/** Of a call after the first ones, so that nothing is compiled in it. */
async function deviceTimeOf(attention: Attention, call: ForwardCall<Tensor>): Promise<number | undefined> {
  try {
    const dispatches = await attention.profile(call)
    return dispatches.reduce((sum, { nanoseconds }) => sum + nanoseconds, 0) / 1e6
  } catch (error) {
    // A device without a clock of its own is no failure: the host's clock has been read.
    if (error instanceof AttentionError) return undefined
    throw error
  }
}

/** What a device or a call refuses is for the person at the command line, not a defect. */
async function inWords<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof AttentionError && error.code === 'weights') throw usage(error.message)
    if (error instanceof AttentionError) {
      throw new CommandFailure(
        status.device,
        error.message,
        'attnc doctor says what is there; --backend reference runs without a device',
      )
    }
    if (error instanceof RangeError || error instanceof TypeError) throw usage(error.message)
    throw error
  }
}
