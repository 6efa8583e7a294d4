// The places that know of the targets are those that ARCHITECTURE.md lists for who adds a third one.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** What a target has of its own. */
const own = /\/gpujs\/|\/gpujs(-operators)?\.ts$/

const sources = ['compiler', 'runtime'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.ts') && !own.test(path)),
)

test('the places to touch for a third target', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  const [, section = ''] = /\n## A third target\n([^]*?)\n## /.exec(text) ?? []
  const listed = [...section.matchAll(/^\| `(.*?)` /gm)].map(([, path = '']) => path)
  const named = sources.filter((path) =>
    /'(no-)?gpujs'|\bgpujs: /.test(readFileSync(join(root, path), 'utf8')),
  )
  expect(listed.toSorted()).toEqual(named.toSorted())
})
