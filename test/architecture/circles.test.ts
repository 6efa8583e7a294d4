// A file that can be reached from itself by imports cannot be read alone.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { importsOf } from './imports.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

const files = ['compiler', 'runtime'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => `${folder}/${file.split(sep).join('/')}`),
)

/** What a file imports at once, types included. */
function staticImports(file: string): string[] {
  return importsOf(file, readFileSync(join(root, file), 'utf8'))
    .filter(({ specifier, lazy }) => specifier.startsWith('.') && !lazy)
    .map(({ specifier }) => posix.join(posix.dirname(file), specifier))
}

/** The first circle met on the way through imports, from a file back to itself; nothing where there is none. */
function circleIn(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): readonly string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return []
    for (const next of graph.get(file) ?? []) {
      const circle = visit(next, [...path, file])
      if (circle.length > 0) return circle
    }
    done.add(file)
    return []
  }
  for (const file of graph.keys()) {
    const circle = visit(file, [])
    if (circle.length > 0) return circle
  }
  return []
}

test('no file imports itself by way of others', () => {
  expect(files.length).toBeGreaterThan(400)
  expect(circleIn(new Map(files.map((file) => [file, staticImports(file)])))).toEqual([])
})

test('a circle is found', () => {
  const graph = Object.entries({ a: ['b'], b: ['c'], c: ['b'] })
  expect(circleIn(new Map(graph))).toEqual(['b', 'c', 'b'])
})
