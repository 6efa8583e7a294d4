// What a schedule costs is what its passes compute: heads that own states count, whatever they share.
import { describe, expect, test } from 'vitest'
import { build, understand } from '../../compiler/pipeline.ts'
import { cost } from '../../compiler/schedule/cost.ts'
import { targets } from '../../compiler/index.ts'
import type { TargetName } from '../../runtime/contract/backends.ts'

const [heads, length] = [6, 100]

/** Operations of each form of a causal attention, with so many key/value heads. */
function operations(settings: string, target: TargetName, kvHeads: number): readonly number[] {
  const text = `attention a { dim: 8 mask: causal ${settings} }`
  const { tree, checked } = understand({ file: 'test.attn', text })
  const built = build(checked.attentions[0]!, tree, target)
  if ('unsupported' in built) throw new Error(built.unsupported)
  const { schedule } = built
  const { prefill, step } = schedule.decoding!
  const forms = [
    [schedule, length],
    [prefill, length],
    [step, 1],
  ] as const
  return forms.map(
    ([form, rows]) => cost(form, { batch: 2, heads, kvHeads, length: rows, keyLength: rows }).flops,
  )
}

describe.each(targets)('%s', (target) => {
  test.each(['feature: favor projections: 12', 'feature: elu1'])('%s', (feature) => {
    const decaying = `${feature} decay: 1 - 2^(-1 - head)`
    // Each query head carries a state of its own, so that sharing keys saves nothing.
    expect(operations(decaying, target, 2)).toEqual(operations(decaying, target, heads))
    const [shared, apart] = [operations(feature, target, 2), operations(feature, target, heads)]
    shared.forEach((flops, form) => expect(flops).toBeLessThan(apart[form]!))
  })
})
