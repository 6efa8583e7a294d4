/** Programs for targets that lie beside no module: the package attnc compiles their text, where it is. */
import type { TargetName } from '../contract/backends.ts'
import { AttentionError, messageOf } from '../errors.ts'
import { loadPackage } from '../load.ts'
import type { Program } from '../program.ts'

/** As much of the attnc package as is asked of it. */
interface Compiler {
  readonly compile: (
    source: string,
    options: { readonly target: TargetName; readonly only: string },
  ) => {
    readonly modules: readonly { readonly program: Program }[]
    readonly diagnostics: readonly { readonly message: string }[]
  }
}

/**
 * The program for another target.
 *
 * @param failure why what lies beside the module could not be loaded
 * @throws AttentionError `backend`
 */
export async function compiledHere(program: Program, target: TargetName, failure: unknown): Promise<Program> {
  const { name, source } = program
  let reason = failure === undefined ? undefined : messageOf(failure)
  if (reason === undefined) {
    try {
      const { compile } = (await loadPackage('attnc')) as Compiler
      const { modules, diagnostics } = compile(source, { target, only: name })
      const [compiled] = modules
      if (compiled?.program.format === program.format) return compiled.program
      reason = diagnostics[0]?.message
    } catch (thrown) {
      reason = messageOf(thrown)
    }
  }
  throw new AttentionError(
    'backend',
    `${name} was compiled for ${program.target}, not for ${target}, and cannot be compiled here ` +
      `(${reason ?? 'its text declares another attention'}). Compile it with --target ${target}.`,
  )
}
