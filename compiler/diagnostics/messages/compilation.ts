/** A05: the file is right, and the compiler is not there yet. */
import { error, warning } from './message.ts'

export const compilationMessages = {
  notCompiled: error('A0501', (name: string, mechanism: string) => ({
    message: `\`${name}\` is right, but attention with ${mechanism} is checked and not yet compiled`,
    help: 'choose other attentions of the file with --only; this one runs as float64 reference in programs',
  })),

  textAlone: warning('A0502', (name: string, mechanism: string, target: string) => ({
    message: `\`${name}\` is right, and attention with ${mechanism} is unsupported on ${target} yet`,
    help: "its module runs on the float64 reference, which is slow: create({ backend: 'reference' })",
  })),
}

/** Of each, what it means and what to do. */
export const compilationExplanations: Readonly<Record<keyof typeof compilationMessages, string>> = {
  notCompiled:
    'The attention is right, and the compiler has no kernels for it yet. Choose others of the file with --only; in programs it runs as the float64 reference.',
  textAlone:
    "The attention is right, and this target has no kernels for it yet. Its module runs on the float64 reference, create({ backend: 'reference' }), which is slow; try another --target.",
}
