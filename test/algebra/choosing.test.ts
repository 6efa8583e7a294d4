// The table of docs/choosing.md is what the compiler derives from the feature's expression.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { quality } from '../../compiler/algebra/expectation/index.ts'
import { understand } from '../../compiler/pipeline.ts'

const page = readFileSync(new URL('../../docs/choosing.md', import.meta.url), 'utf8')
const rows = page
  .split('\n')
  .filter((line) => /^\|\s*[\d.]+ \|/.test(line))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => Number(cell.trim().replaceAll(',', ''))),
  )

// Neither width nor the number of projections is in the formula but as 1 / m.
const text = 'attention a { dim: 4 kernel: exp(dot(q, k)) feature: favor projections: 64 iid seed 1 }'
const [model] = understand({ file: 'a.attn', text }).checked.attentions

test.each(rows)('rows of norm %s', (norm, ...cells) => {
  const { relativeDeviation, projectionsFor } = quality(model!, { normQ: norm, normK: norm })!
  const deviations = [64, 256, 1024].map((m) => relativeDeviation.orthogonal * Math.sqrt(64 / m))
  expect(cells.slice(0, 3)).toEqual(deviations.map((each) => Number(each.toPrecision(3))))
  expect(cells[3]).toBe(projectionsFor(0.1))
})

test('the page has rows', () => expect(rows).toHaveLength(5))
