// Every feature of the prelude on every target: its kernels, run on the host in f32, agree with float64.
import { describe, expect, it } from 'vitest'
import { targets } from '../../compiler/index.ts'
import { build, understand } from '../../compiler/pipeline.ts'
import { preludeSource } from '../../compiler/prelude.ts'
import { parse } from '../../compiler/syntax/parse.ts'
import { runPasses } from '../../compiler/verification/execution/run-passes.ts'
import { drawProjection } from '../../runtime/projection/index.ts'
import { usualError } from './compare.ts'
import { expected, full, relativeError, tensors } from './harness.ts'
import type { Sizes } from './harness.ts'

const calls: Readonly<Record<string, Sizes>> = {
  causal: { length: 35, heads: 2, kvHeads: 1 },
  none: { length: 9, keyLength: 34, batch: 2, lengths: [33, 1] },
}

const features = parse({ file: 'prelude.attn', text: preludeSource }).file.declarations.flatMap((one) =>
  one.kind === 'feature' ? [{ name: one.name.text, projected: one.parameters.length === 2 }] : [],
)

describe.each(targets)('%s', (target) => {
  it.each(features)('$name', ({ name, projected }) => {
    // Features may be negative, and so their sum next to nothing: only what is summed is held.
    const settings = `dim: 5 value_dim: 3 scale: 1 / sqrt(dim) feature: ${name} normalize: none`
    const projections = projected ? 'projections: 9' : ''
    for (const [mask, sizes] of Object.entries(calls)) {
      const source = { file: 'test.attn', text: `attention a { ${settings} ${projections} mask: ${mask} }` }
      const { tree, checked } = understand(source)
      const [model] = checked.attentions
      const built = build(model!, tree, target)
      if ('unsupported' in built) throw new Error(built.unsupported)
      const inputs = tensors(built, sizes, 3, 0.7)
      const { projection } = built.program
      const found = runPasses(built, {
        call: { ...inputs, ...full(sizes), ...(sizes.lengths && { lengths: sizes.lengths }) },
        kept: projection === undefined ? {} : { projection: drawProjection(projection) },
        races: false,
      })
      expect(relativeError(found, expected(built, sizes, inputs))).toBeLessThan(usualError)
    }
  })
})
