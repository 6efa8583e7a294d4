import { arrange } from '../../compiler/diagnostics/arrange.ts'
import type { Diagnostic } from '../../compiler/diagnostics/diagnostic.ts'
import { preludeSource } from '../../compiler/prelude.ts'
import { analyze } from '../../compiler/semantics/analyze.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import { parse } from '../../compiler/syntax/parse.ts'

const prelude = parse({ file: 'prelude.attn', text: preludeSource }).file

export interface Checked {
  readonly diagnostics: readonly Diagnostic[]
  readonly models: readonly AttentionModel[]
  /** `code what-is-underlined`, in the order of the text. */
  readonly found: readonly string[]
}

export function check(text: string): Checked {
  const { file, diagnostics: syntax } = parse({ file: 'input.attn', text })
  const { checked, diagnostics } = analyze(file, prelude)
  const all = arrange([...syntax, ...diagnostics])
  return {
    diagnostics: all,
    models: checked.attentions,
    found: all.map(({ code, span }) => `${code} ${text.slice(span.start, span.end)}`),
  }
}

/** The one attention of a file in which nothing is wrong. */
export function model(text: string): AttentionModel {
  const { diagnostics, models } = check(text)
  const [only, ...others] = models
  if (diagnostics.length > 0 || only === undefined || others.length > 0)
    throw new Error(
      `expected one attention and no diagnostics, found ${models.length}, ${JSON.stringify(diagnostics)}`,
    )
  return only
}
