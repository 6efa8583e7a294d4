/**
 * A target: what kernels are written for. Everything that the compiler has to know of one is in its record, and the
 * record and all that it refers to is in the target's folder. `index.ts` lists the records.
 */
import type { Attention } from '../algebra/attention.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Choices } from '../schedule/choices.ts'
import type { Planner } from '../schedule/planner.ts'
import type { EquationPass, Pass, Schedule, WorkgroupPass } from '../schedule/schedule.ts'
import type { Exact } from '../symbolic/index-arithmetic.ts'
import type { TargetName } from '../../runtime/contract/backends.ts'
import type { KernelSource, Program, WasmVariant } from '../../runtime/program.ts'

/** What the compiler knows of a target. */
export interface Target {
  readonly name: TargetName
  /** Up to where its kernels compute the integers of a mask exactly. */
  readonly exact: Exact
  /** What it cannot do of an attention and why, as a noun for the writer of the file; undefined where it can do all. */
  readonly unsupported: (attention: Attention) => string | undefined
  /** Plans the passes of each row operation. */
  readonly planner: Planner
  /** The same with other choices than those of the model, where there are any. */
  readonly plannerBy?: (choices: Choices) => Planner
  /** One kernel a pass, in order. */
  readonly lower: (schedule: Schedule) => readonly LoweredPass[]
  /** How often the kernel of a pass runs. */
  readonly count: (pass: Pass) => Count
  readonly language: Language
  /** Whether the cost model, which is of GPUs, counts its kernels. */
  readonly modelled?: true
  /** Further texts for people by the names of their files, made of a program by a package that may be missing. */
  readonly readable?: (program: Program) => Promise<Readonly<Record<string, string>>>
}

/** A kernel twice: in the IR, which is verified and interpreted, and in the target's language. */
export interface LoweredPass {
  readonly kernel: Kernel
  readonly spell: () => KernelSource
}

/** So many workgroups, where the pass runs at all, or one thread for each cell of a box. */
export type Count = Pick<WorkgroupPass, 'workgroups' | 'when'> | Pick<EquationPass, 'extent'>

/** What its kernels are written in, and how a module carries them. */
export interface Language {
  /** How a file with one kernel ends. */
  readonly extension: string
  /** What it is called. */
  readonly title: string
  /** What a module calls the texts of its kernels, and `attnc explain` the stage that shows them. */
  readonly texts: string
  /** The text of a kernel in a module, as short as may be; absent where modules carry binaries. */
  readonly carried?: (code: string) => string
  /** Kernels of a program, whose texts these are, as one binary in each variant, in hexadecimal. */
  readonly assemble?: (texts: readonly string[]) => Readonly<Record<WasmVariant, () => string>>
  /** Whether the backend loads the kernels of decoding when they are needed; else it has them all from the start. */
  readonly loadsLater: boolean
  /** A package that the backend needs and that a module's bundler is to find. */
  readonly library?: string
}
