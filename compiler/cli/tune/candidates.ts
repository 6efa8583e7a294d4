/** The candidates of an option: values that make different kernels of a whole call. */
import { type Choices, options, type OptionName } from '../../schedule/choices.ts'
import type { CompiledAttention } from '../../index.ts'

/** A choice, compiled. */
export interface Candidate {
  readonly choices: Choices
  readonly compiled: CompiledAttention
}

/**
 * The choices that differ from `from` in this option alone, `from` being the first; one alone where the option changes
 * nothing.
 */
export function candidatesOf(
  option: OptionName,
  from: Candidate,
  compile: (choices: Choices) => CompiledAttention,
): readonly Candidate[] {
  const found = new Map([[kernelsOf(from.compiled), from]])
  for (const value of options[option]) {
    const choices: Choices = { ...from.choices, [option]: value }
    const compiled = compile(choices)
    const kernels = kernelsOf(compiled)
    if (!found.has(kernels)) found.set(kernels, { choices, compiled })
  }
  return [...found.values()]
}

const kernelsOf = ({ forms: { forward } }: CompiledAttention): string =>
  JSON.stringify([forward.schedule.chunks, forward.sources.map(({ code }) => code)])
