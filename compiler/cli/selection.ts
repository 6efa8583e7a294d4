/** What `--only` chose, and what a person hears where it chose nothing. */
import { nearest } from '../diagnostics/nearest.ts'
import type { RuntimePlace } from '../codegen/runtime-imports.ts'
import type { Source } from '../diagnostics/diagnostic.ts'
import { check, type Choices, type Compilation, compile, type Target } from '../index.ts'
import { usage } from './failure.ts'

/**
 * Compiles what was chosen; a file with errors is compiled for them.
 *
 * @throws CommandFailure where that is no attention of a file without errors
 */
export function compileChosen(
  { file, text }: Source,
  {
    only,
    ...options
  }: {
    readonly only?: string | undefined
    readonly target?: Target
    readonly runtime?: RuntimePlace
    readonly tuned?: Readonly<Record<string, Choices>>
  },
): Compilation {
  const { checked, diagnostics } = check(text, { file })
  const names = checked.attentions.map(({ name }) => name)
  if (!diagnostics.some(({ severity }) => severity === 'error')) requireAttention(file, names, only)
  return compile(text, { file, ...options, ...(only === undefined ? {} : { only }) })
}

/**
 * @param names of all attentions in the file, compiled or not
 * @throws CommandFailure where `only` is none of them, or where there are none
 */
export function requireAttention(file: string, names: readonly string[], only: string | undefined): void {
  if (only === undefined) {
    if (names.length === 0)
      throw usage(`${file} declares no attention`, 'add one: attention NAME { dim: 64 … }')
    return
  }
  if (names.includes(only)) return
  const meant = nearest(only, names)
  throw usage(
    `${file} has no attention named ${only}`,
    meant === undefined
      ? `it has ${names.join(', ') || 'none'}`
      : `did you mean ${meant}? It has ${names.join(', ')}`,
  )
}
