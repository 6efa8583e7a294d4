/**
 * A backend: what runs attentions. Everything that the runtime has to know of one is in its record, and the record and
 * all that it refers to is in the backend's folder. `index.ts` lists the records; their order, and the codes by which
 * each says that it is missing, are in `contract/backends.ts`.
 */
import type { CreateOptions } from '../attention.ts'
import type { BaseAttention } from '../base-attention.ts'
import type { BackendName, TargetName } from '../contract/backends.ts'
import type { Program } from '../program.ts'
import type { Opening } from '../projection/lazy.ts'
import type { GPUDevice } from '../contract/web-gpu.ts'

/** Makes an attention ready to run. `open.ts` of each target exports one, which modules of that target bring along. */
export type Open = (program: Program, options: Opening) => Promise<BaseAttention>

/** Opens a program as its options say; on the program's own backend with `open`, where the caller brings that. */
export type OpenOn = (program: Program, options: CreateOptions, open?: Open) => Promise<BaseAttention>

/** What the runtime knows of a backend. */
export type Backend = KernelBackend | TextBackend

interface Common {
  readonly open: Open
  /**
   * Finds what several attentions can share.
   *
   * @param asked whether this backend was asked for by name: then it takes what it would leave to others
   * @param device to use in place of one that is found
   * @throws AttentionError with a code that says that the backend is missing
   */
  readonly find: (asked?: boolean, device?: GPUDevice) => Promise<Found>
  /** What would have it run here where `find` threw `missing`, as a clause for people; undefined where nothing is known. */
  readonly advice?: (missing: unknown) => Promise<string | undefined>
  /** What to call what it runs on, where another backend would have been better. */
  readonly instead?: string
}

/** Runs programs that were compiled for it. */
interface KernelBackend extends Common {
  readonly name: TargetName
  readonly runs: 'kernels'
  /** Whether kernels can read f16 in buffers of a device. */
  readonly readsHalves?: true
}

/** Runs the text of any program. */
interface TextBackend extends Common {
  readonly name: BackendName
  readonly runs: 'text'
}

/** What attentions are to run on. */
export interface Found {
  /** For people. */
  readonly device: string
  /** To create each attention with. */
  readonly options: Pick<CreateOptions, 'device'>
  /** Frees what was found. */
  readonly destroy: () => void
}
