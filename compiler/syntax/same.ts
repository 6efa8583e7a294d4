/** Equality of trees. Places do not count; comments do, by their text. */
import type { File } from './ast.ts'

type Tree = Readonly<Record<string, unknown>>

/** Whether two files have one meaning and the same comments. */
export const sameTree = (a: File, b: File): boolean => same(a, b)

function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => same(item, b[index]))
  if (!isTree(a) || !isTree(b)) return a === b
  const keys = keysOf(a)
  return keys.length === keysOf(b).length && keys.every((key) => same(a[key], b[key]))
}

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const keysOf = (tree: Tree): string[] => Object.keys(tree).filter((key) => key !== 'span')
