/**
 * One attention of a file with the features that it names, as a file of its own
 * without comments: what a module carries for backends that its kernels are not for.
 */
import type { Declaration, File } from './ast.ts'

/** The attention of this name, with the features that it mentions. */
export function alone({ declarations, span }: File, name: string): File {
  const named = new Set(declarations.flatMap((each) => (isAttention(each, name) ? mentionedBy(each) : [])))
  return {
    kind: 'file',
    declarations: declarations.filter((each) =>
      each.kind === 'feature' ? named.has(each.name.text) : isAttention(each, name),
    ),
    comments: [],
    span,
  }
}

type Attention = Extract<Declaration, { readonly kind: 'attention' }>

const isAttention = (declaration: Declaration, name: string): declaration is Attention =>
  declaration.kind === 'attention' && declaration.name.text === name

/** Features have no features, so names in settings are all that there are. */
const mentionedBy = ({ settings }: Attention): string[] =>
  settings
    .flatMap(({ value }) => value.items)
    .flatMap((item) => (item.kind === 'reference' ? [item.name] : []))
