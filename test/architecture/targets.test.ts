// A target is named in its own folders, and in the places that ARCHITECTURE.md lists for who adds another.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { targetNamed, targets } from '../../compiler/targets/index.ts'
import { backends as records } from '../../runtime/backends/index.ts'
import { backendNames, backends } from '../../runtime/contract/backends.ts'

const root = join(import.meta.dirname, '../..')
const names = targets.map(({ name }) => name)

/** What a target has of its own. */
const own = new RegExp(`/(targets|backends)/(${names.join('|')})/`)

/** A file without its comments. */
const codeOf = (path: string): string =>
  readFileSync(join(root, path), 'utf8').replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '')

const sources = ['compiler', 'runtime'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.ts') && !own.test(path)),
)

test('the places to touch for another target', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  const [, section = ''] = /\n## Another target\n([^]*?)\n## /.exec(text) ?? []
  const listed = [...section.matchAll(/^\| `(.*?)` /gm)].map(([, path = '']) => path)
  const words = [...names, ...Object.values(backends).flat()].join('|')
  // As a string, as a member, or as the name of something imported.
  const naming = new RegExp(`'(${words})'|\\b(${words}): |\\{[^{}]*\\b(${words})\\b[^{}]*\\}`)
  const named = sources.filter((path) => naming.test(codeOf(path)))
  expect(named.toSorted()).toEqual(listed.toSorted())
})

test('targets are backends in the same order, and every record has its own name', async () => {
  expect(names).toEqual(backendNames.filter((name) => (names as readonly string[]).includes(name)))
  for (const name of names) expect(targetNamed(name).name).toBe(name)
  for (const name of backendNames) expect((await records[name]()).name).toBe(name)
})
