// A setting is one record and a field of the model: the rest of the front end goes through the list.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { settingNames } from '../../compiler/semantics/settings/index.ts'

const folder = new URL('../../compiler/semantics/', import.meta.url)
const code = (file: string): string =>
  readFileSync(new URL(file, folder), 'utf8')
    .replaceAll(/\/\*[^]*?\*\//g, '')
    .replaceAll(/^\s*\/\/.*$/gm, '')

/** They stand for themselves in expressions too, or are common words. */
const words: readonly string[] = ['dim', 'scale', 'kernel', 'feature', 'projections', 'mask']
/** The model, the scopes of the expressions that settings have, and whose tensors these see. */
const mayName: readonly string[] = ['model.ts', 'scope.ts', 'place.ts', 'states.ts', 'data.ts', 'owners.ts']

test.each(settingNames.filter((name) => !words.includes(name)))(
  '`%s` is named by its record alone',
  (name) => {
    const field = name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase())
    const files = readdirSync(folder).filter((file) => file.endsWith('.ts') && !mayName.includes(file))
    expect(files.length).toBeGreaterThan(10)
    expect(files.filter((file) => new RegExp(`\\b(${name}|${field})\\b`).test(code(file)))).toEqual([])
  },
)
