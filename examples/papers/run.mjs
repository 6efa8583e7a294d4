// Measures what the papers report, and writes docs/results.md with its plots.
//
//     npm run papers                       # all of it
//     npm run papers -- errors decoding    # these alone; the rest of the page keeps its numbers
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { page, results } from './page.mjs'

const docs = fileURLToPath(new URL('../../docs/', import.meta.url))
const chosen = process.argv.slice(2)
mkdirSync(`${docs}results`, { recursive: true })
for (const { name, measure, draw } of results) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  console.log(`${name} …`)
  const data = await measure()
  writeFileSync(`${docs}results/${name}.json`, `${JSON.stringify(data, undefined, 2)}\n`)
  writeFileSync(`${docs}results/${name}.svg`, draw(data))
}
const dataOf = (name) => {
  const file = `${docs}results/${name}.json`
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}
writeFileSync(`${docs}results.md`, page(dataOf))
process.exit()
