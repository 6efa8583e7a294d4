// What a few specs become for devices without workgroup memory. To rewrite: UPDATE_GOLDENS=1, then read the difference.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { print as printSchedule } from '../../compiler/schedule/print.ts'
import { textOf } from '../numeric/small-specs.ts'
import { compileFor } from '../numeric/harness.ts'

/** A scaled exact kernel, plain features, scaled ones, and products of matrices. */
const names = ['linear_transformer', 'nystromformer', 'performer', 'softmax']

const folder = (name: string): string => fileURLToPath(new URL(`./cells/${name}/`, import.meta.url))

describe.each(names)('%s', (name) => {
  const built = compileFor('gpujs', textOf(name))
  const texts: Readonly<Record<string, string>> = {
    ...Object.fromEntries(
      Object.entries(built.forms).map(([form, { schedule }]) => [
        `${form}.schedule.txt`,
        `${printSchedule(schedule)}\n`,
      ]),
    ),
    'kernels.js': Object.values(built.program.kernels)
      .map(({ code }) => code)
      .join('\n'),
  }

  test.each(Object.keys(texts))('%s', (file) => {
    if (process.env['UPDATE_GOLDENS'] !== undefined) {
      mkdirSync(folder(name), { recursive: true })
      writeFileSync(`${folder(name)}${file}`, texts[file] ?? '')
    }
    expect(texts[file]).toBe(readFileSync(`${folder(name)}${file}`, 'utf8'))
  })

  test('has no golden of a form that is no more', () => {
    expect(readdirSync(folder(name)).sort()).toEqual(Object.keys(texts).sort())
  })
})
