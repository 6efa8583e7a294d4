/** The frames of diagnostics, for programs that show them to people. */
import { describe, requireObject } from '../runtime/arguments/describe.ts'
import type { Diagnostic } from './diagnostics/diagnostic.ts'
import { render as frame, type RenderOptions } from './diagnostics/render.ts'
import { checkOptions, flag, text as string } from './options.ts'

/**
 * Diagnostics as the command line shows them: each with its line of the text, the place underlined, and help.
 *
 * @param source the text that they are of, and the name to show for it
 * @returns frames with an empty line between them; nothing for no diagnostics
 * @throws TypeError for diagnostics, a source or options of another type, and for options that there are not
 */
export function render(
  diagnostics: readonly Diagnostic[],
  source: { readonly file?: string; readonly text: string },
  options: RenderOptions = {},
): string {
  const given: unknown = diagnostics
  if (!Array.isArray(given))
    throw new TypeError(`render: expected an array of diagnostics, found ${describe(given)}`)
  requireObject('render', source, "{ file: 'performer.attn', text }")
  string(source.text, 'text')
  checkOptions(options, 'render', { colour: flag })
  const { file = 'input.attn', text } = source
  return diagnostics.map((diagnostic) => frame(diagnostic, { file, text }, options)).join('\n\n')
}
