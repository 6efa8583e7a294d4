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
    ['fixed_norm', /fixed_?norm/i, 8],
    ['conv', /\bconv(ol|ed|\b)/i, 14],
    ['epsilon', /epsilon/i, 12],
    ['compress', /compress/i, 9],
    ['buckets', /bucket/i, 13],
    ['landmarks', /landmark/i, 12],
  ])('%s', (_, pattern, most) => {
    const found = naming(pattern)
    expect(found.length).toBeLessThanOrEqual(most)
  })
})

test('nobody outside the algebra looks into records of row operations', () => {
  const imports = naming(/from '[^']*algebra\/(operations|graphs|rows\.ts|terms\.ts)/)
  expect(imports.filter((file) => !file.startsWith('compiler/algebra/'))).toEqual([])
})
