// How many files know of one setting or one way of evaluating: each count may fall, and only a reason may raise it.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)

/** Sources without their comments. The prelude, which is printed, has every name. */
const sources = new Map(
  ['compiler', 'runtime']
    .flatMap((folder) =>
      readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).map(
        (file) => `${folder}/${file.replaceAll('\\', '/')}`,
      ),
    )
    .filter((file) => file.endsWith('.ts') && file !== 'compiler/prelude.ts')
    .map((file) => [
      file,
      readFileSync(new URL(file, root), 'utf8')
        .replaceAll(/\/\*[^]*?\*\//g, '')
        .replaceAll(/^\s*\/\/.*$/gm, ''),
    ]),
)

const naming = (pattern: RegExp): string[] =>
  [...sources].filter(([, code]) => pattern.test(code)).map(([file]) => file)

describe('files that name', () => {
  test.each([
    ['tanh', /\btanh\b/i, 5],
    ['fixed_norm', /fixed_?norm/i, 8],
    ['conv', /\bconv(ol|ed|\b)/i, 12],
    ['epsilon', /epsilon/i, 12],
    // Of heads, of tokens, of pairs, and within an update.
    ['decay', /decay|faded|fading/i, 13],
    ['compress', /compress/i, 9],
    ['buckets', /bucket/i, 11],
    ['landmarks', /landmark/i, 13],
  ])('%s', (_, pattern, most) => {
    const found = naming(pattern)
    // At least two, else the pattern has lost the word.
    expect(found.length).toBeLessThanOrEqual(most)
    expect(found.length).toBeGreaterThan(1)
  })
})

describe('ARCHITECTURE.md', () => {
  const text = readFileSync(new URL('ARCHITECTURE.md', root), 'utf8')

  test('lists the kinds of passes, which are few', () => {
    const declared = [...sources]
      .filter(([file]) => /^compiler\/schedule\/.*pass/i.test(file))
      .flatMap(([, code]) => [...code.matchAll(/readonly (?:kind|quantity|work): '([a-z-]+)'/g)])
      .map(([, kind]) => kind)
    const [, table = ''] = /\| pass +\| does[^\n]*\n\|[-| ]+\n(.*?)\n\n/s.exec(text) ?? []
    const listed = [...table.matchAll(/^\| `([a-z]+)`/gm)].map(([, kind]) => kind)
    expect(new Set(listed)).toEqual(new Set([...declared, 'equation']))
    expect(listed.length).toBeLessThanOrEqual(14)
  })

  test('has at most thirty words of our own', () => {
    const words = [...text.slice(text.indexOf('\n## Words')).matchAll(/^- \*\*/gm)]
    expect(words.length).toBeGreaterThan(10)
    expect(words.length).toBeLessThanOrEqual(30)
  })
})

test('nobody outside the algebra looks into records of row operations', () => {
  const imports = naming(/from '[^']*algebra\/(operations|graphs|rows\.ts|terms\.ts)/)
  expect(imports.filter((file) => !file.startsWith('compiler/algebra/'))).toEqual([])
})
