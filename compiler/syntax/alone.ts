/**
 * One attention of a file with the features and functions that it names, as a file of its own
 * without comments: what a module carries for backends that its kernels are not for.
 */
import type { Declaration, File } from './ast.ts'
import { namesIn } from './names.ts'

/** The attention of this name, with the features and functions that it mentions, and those that these mention. */
export function alone({ declarations, span }: File, name: string): File {
  const own = declarations.filter((each) => each.kind !== 'attention')
  const named = new Set<Declaration>()
  const add = (mentioned: ReadonlySet<string>): void => {
    for (const each of own) {
      if (!mentioned.has(each.name.text) || named.has(each)) continue
      named.add(each)
      add(mentionedBy(each))
    }
  }
  for (const each of declarations) if (isAttention(each, name)) add(mentionedBy(each))
  return {
    kind: 'file',
    declarations: declarations.filter((each) => named.has(each) || isAttention(each, name)),
    comments: [],
    span,
  }
}

const isAttention = (declaration: Declaration, name: string): boolean =>
  declaration.kind === 'attention' && declaration.name.text === name

/** The names of features are settings' values, and those of functions are called. */
function mentionedBy(declaration: Declaration): ReadonlySet<string> {
  switch (declaration.kind) {
    case 'attention':
      return namesIn(declaration.settings.flatMap(({ value }) => value.items))
    case 'feature': {
      const { body } = declaration
      const sides = body.kind === 'shared' ? [body.body] : [body.query, body.key]
      return namesIn(sides.flatMap(({ items }) => items))
    }
    case 'function':
      return namesIn(declaration.body === undefined ? [] : [declaration.body])
  }
}
