// What every stage makes of every spec, as `attnc explain` shows it. To rewrite: UPDATE_GOLDENS=1, then read the
// difference.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { print as printAlgebra } from '../../compiler/algebra/print.ts'
import { costsOfForm, countsInWords } from '../../compiler/cli/explain/gpu-cost.ts'
import { print as printKernel } from '../../compiler/kernel/print.ts'
import { build, understand } from '../../compiler/pipeline.ts'
import { print as printSchedule } from '../../compiler/schedule/print.ts'
import { printAttention } from '../../compiler/semantics/print.ts'

const specs = fileURLToPath(new URL('../../specs/', import.meta.url))
const names = readdirSync(specs).map((file) => file.replace(/\.attn$/, ''))

/** Specs whose kernels are also shown as WAT, those of whole calls; others would be as long and tell little more. */
const asWat: ReadonlySet<string> = new Set(['softmax'])

/** The texts of a spec's stages, by the name of their file. */
function stagesOf(spec: string): Record<string, string> {
  const source = { file: `${spec}.attn`, text: readFileSync(`${specs}${spec}.attn`, 'utf8') }
  const stages: Record<string, string> = {}
  const { tree, checked } = understand(source)
  for (const model of checked.attentions) {
    const built = build(model, tree)
    stages[`${model.name}.checked.txt`] = printAttention(model)
    if (built.algebra) stages[`${model.name}.algebra.txt`] = printAlgebra(built.algebra)
    if ('unsupported' in built) continue
    for (const [form, { schedule, kernels }] of Object.entries(built.forms)) {
      stages[`${model.name}.${form}.schedule.txt`] = printSchedule(schedule)
      for (const kernel of kernels) stages[`${model.name}.${kernel.name}.kernel.txt`] = printKernel(kernel)
      // A prefix costs what a sequence does.
      if (form !== 'prefill') stages[`${model.name}.${form}.cost.txt`] = costText(form, { schedule, kernels })
    }
    for (const [kernel, { code }] of Object.entries(built.program.kernels))
      stages[`${model.name}.${kernel}.wgsl`] = code
    if (!asWat.has(spec)) continue
    const wasm = build(model, tree, 'wasm')
    if ('unsupported' in wasm) continue
    const { kernels, sources } = wasm.forms.forward
    for (const [index, { name }] of kernels.entries())
      stages[`${model.name}.${name}.wat`] = sources[index]?.code ?? ''
  }
  return stages
}

/** What is counted, which depends on no device, and so tells of a kernel that it has become dearer. */
function costText(form: string, lowered: Parameters<typeof costsOfForm>[1]): string {
  return countsInWords(costsOfForm(form, lowered, { length: 1024, heads: 8 }, ['h200']))
}

describe.each(names)('%s', (spec) => {
  const stages = stagesOf(spec)
  test.each(Object.keys(stages))('%s', (stage) => {
    const path = fileURLToPath(new URL(`./${spec}/${stage}`, import.meta.url))
    const text = `${stages[stage]?.trimEnd() ?? ''}\n`
    if (process.env['UPDATE_GOLDENS'] !== undefined) {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    }
    expect(text).toBe(readFileSync(path, 'utf8'))
  })

  test('has no golden of a stage that is no more', () => {
    const there = readdirSync(fileURLToPath(new URL(`./${spec}/`, import.meta.url)))
    expect(there.sort()).toEqual(Object.keys(stages).sort())
  })
})
