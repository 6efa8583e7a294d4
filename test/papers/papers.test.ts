// docs/results.md says what was measured, and what is quick is measured anew.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

interface Data {
  readonly lines: readonly {
    readonly name: string
    readonly points: readonly (readonly [number, number])[]
  }[]
}

interface Result {
  readonly name: string
  readonly draw: (data: Data) => string
}

const path = (of: string): string => fileURLToPath(new URL(`../../${of}`, import.meta.url))
const read = (of: string): string => readFileSync(path(of), 'utf8')
const load = (name: string): Promise<unknown> => import(path(`examples/papers/${name}.mjs`))

test('the page and its plots are those of the recorded numbers', async () => {
  const { page, results } = (await load('page')) as {
    page: (dataOf: (name: string) => Data | undefined) => string
    results: readonly Result[]
  }
  const dataOf = (name: string): Data | undefined =>
    existsSync(path(`docs/results/${name}.json`))
      ? (JSON.parse(read(`docs/results/${name}.json`)) as Data)
      : undefined
  expect(read('docs/results.md')).toBe(page(dataOf))
  const measured = results.flatMap(({ name, draw }) => {
    const data = dataOf(name)
    return data ? [{ name, drawn: draw(data) }] : []
  })
  expect(measured.length).toBeGreaterThan(0)
  for (const { name, drawn } of measured) expect(read(`docs/results/${name}.svg`)).toBe(drawn)
})

test('estimates are as far from exact attention as the page says', async () => {
  const { measure } = (await load('errors')) as { measure: (setting: object) => Promise<Data> }
  const counts = [128]
  const { lines } = await measure({ length: 4096, dim: 16, samples: 2, counts })
  const recorded = (JSON.parse(read('docs/results/errors.json')) as Data).lines
  const at = (of: Data['lines'], name: string, count: number): number =>
    of.find((line) => line.name === name)!.points.find(([m]) => m === count)![1]
  for (const name of ['positive', 'positive, independent', 'trigonometric'])
    for (const count of counts) {
      const ratio = at(lines, name, count) / at(recorded, name, count)
      // Of fewer samples.
      expect([name, count, ratio > 1 / 3 && ratio < 3]).toEqual([name, count, true])
    }
  expect(at(lines, 'trigonometric', 128)).toBeLessThan(at(lines, 'positive', 128))
  expect(at(lines, 'trigonometric, long rows', 128)).toBeGreaterThan(
    10 * at(lines, 'positive, long rows', 128),
  )
})
