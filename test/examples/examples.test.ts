// Every example runs as it stands, to its end, and says something.
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const folder = fileURLToPath(new URL('../../examples/', import.meta.url))
const examples = readdirSync(folder).filter((name) => name.endsWith('.mjs'))

test.each(examples)('%s', (name) => {
  const said = execFileSync(process.execPath, [`${folder}${name}`], { encoding: 'utf8' })
  expect(said).toMatch(/on .+/)
  expect(said).not.toMatch(/NaN|undefined|Infinity/)
})
