// The checked spec of a text, by the front end.
import { expect } from 'vitest'
import { preludeSource } from '../../compiler/prelude.ts'
import { analyze } from '../../compiler/semantics/analyze.ts'
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import { parse } from '../../compiler/syntax/parse.ts'

const prelude = parse({ file: 'prelude.attn', text: preludeSource }).file

/** The one attention of a text that is free of errors. */
export function modelOf(text: string): AttentionModel {
  const { file, diagnostics } = parse({ file: 'test.attn', text })
  const analysis = analyze(file, prelude)
  const errors = [...diagnostics, ...analysis.diagnostics].filter(({ severity }) => severity === 'error')
  expect(errors).toEqual([])
  const [model] = analysis.checked.attentions
  return model!
}
