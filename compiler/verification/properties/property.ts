/** What a property is to the run that checks it. */
import type { Attention } from '../../algebra/attention.ts'
import { invariant } from '../../diagnostics/invariant.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import { callOf, type Case } from '../cases/case.ts'
import type { Call, Executor, Platform, Storage, Weights } from '../execution/executor.ts'
import { storedCall } from '../rounding/storage.ts'
import type { SampleSize } from '../sampling/gram.ts'
import type { Counterexample, PropertyName, Status } from '../report.ts'

/** One attention, and how to run it. */
export interface Subject {
  readonly model: AttentionModel
  readonly algebra: Attention
  readonly platform: Platform
  /** The attention itself; opened once for all properties. */
  readonly executor: Executor | undefined
  /** Why there is none, as a noun. */
  readonly unsupported?: string
  /** Of the tensors of the executor. */
  readonly storage: Storage
  readonly weights: Weights
  /** Heads of a call, where the weights fix them. */
  readonly heads: number | undefined
  /** Rows that a call may have, where the mask limits them. */
  readonly rows: number | undefined
}

export interface Effort {
  readonly seed: number
  /** Cases of a property; samples grow in proportion. */
  readonly runs: number
  /** Replays one case. */
  readonly path?: string | undefined
  /** Whether a counterexample is made small; it is unless said otherwise. */
  readonly shrink?: boolean | undefined
  /** Of kernel entries; what `runs` says where it is absent. */
  readonly sample?: SampleSize | undefined
  readonly say: (step: string) => void
}

/** `runs` where nobody asks for more or fewer. */
export const defaultRuns = 20

export interface Outcome {
  readonly status: Status
  readonly detail: string
  readonly counterexample?: Omit<Counterexample, 'replay'> & { readonly path?: string }
}

export interface Property {
  readonly name: PropertyName
  /** Why it does not apply to this attention; absent where it does. */
  readonly inapplicable?: (subject: Subject) => string | undefined
  /** True where the property runs the attention's own kernels. */
  readonly onDevice: boolean
  /** True where the kernels are compared with themselves alone, which costs no float64. */
  readonly ofKernelsAlone?: true
  readonly check: (subject: Subject, effort: Effort) => Promise<Outcome>
}

/** The tensors of a generated call, as they are stored. */
export const callFor = ({ model, storage }: Subject, shape: Case): Call =>
  storedCall(callOf(model, shape), storage)

/** Of a property that is checked only where the attention runs. */
export function executorOf({ executor }: Subject): Executor {
  invariant(executor !== undefined, 'a property of the kernels is checked where there are kernels')
  return executor
}
