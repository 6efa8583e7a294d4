import { parseAst } from 'vitest/node'

export interface Import {
  readonly specifier: string
  /** Erased by the compiler, so that nothing is loaded. */
  readonly typeOnly: boolean
  /** Loaded when the expression runs, and not with the module. */
  readonly lazy: boolean
}

interface SyntaxNode {
  readonly type: string
  readonly [property: string]: unknown
}

/** Every module that a TypeScript source names, in the order of the text. */
export function importsOf(file: string, source: string): Import[] {
  const found: Import[] = []
  visit(parseAst(source, { lang: 'ts' }, file), (node) => {
    const specifier = isNode(node['source']) ? node['source']['value'] : undefined
    if (typeof specifier !== 'string') return
    found.push({ specifier, typeOnly: isTypeOnly(node), lazy: node.type === 'ImportExpression' })
  })
  return found
}

function isTypeOnly(node: SyntaxNode): boolean {
  if (node.type === 'TSImportType') return true
  if (node['importKind'] === 'type' || node['exportKind'] === 'type') return true
  // `import './a.ts'` has no specifiers and loads the module; `import { type A } from './a.ts'` is left by
  // verbatimModuleSyntax as `import {} from './a.js'`, which loads it too.
  return false
}

function visit(value: unknown, enter: (node: SyntaxNode) => void): void {
  if (Array.isArray(value)) for (const item of value) visit(item, enter)
  if (!isNode(value)) return
  enter(value)
  for (const child of Object.values(value)) visit(child, enter)
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
}
