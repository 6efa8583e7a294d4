/** Where generated modules find the runtime: in a folder beside them, or in the package that is installed. */
import type { TargetName } from '../../runtime/contract/backends.ts'

/** Ways to have the runtime: a copy is all that a module needs; of a package several modules share one. */
export const runtimes = ['copy', 'package'] as const
/** One of these ways. */
export type RuntimePlace = (typeof runtimes)[number]

/** The folder of the copy, as generated modules import it. */
export const runtimeFolder = 'attnc-runtime'

/** What modules import, as they spell it. */
export interface RuntimeImports {
  /** Has `createAttention`. */
  readonly create: string
  /** Has the types. */
  readonly types: string
  /** Has `open` of a target's backend; that one alone, so that a page carries no other. */
  readonly backend: (target: TargetName) => string
}

/** What modules import, for each way. */
export const runtimeImports: Readonly<Record<RuntimePlace, RuntimeImports>> = {
  copy: {
    create: `./${runtimeFolder}/create.js`,
    types: `./${runtimeFolder}/index.js`,
    backend: (target) => `./${runtimeFolder}/backends/${target}/open.js`,
  },
  package: {
    create: 'attnc/runtime',
    types: 'attnc/runtime',
    backend: (target) => `attnc/runtime/${target}`,
  },
}
