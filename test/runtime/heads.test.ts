// What a call with too many query heads is told, which no backend needs a device for.
import { expect, test } from 'vitest'
import { build, understand } from '../../compiler/pipeline.ts'
import { checkHeads } from '../../runtime/arguments/heads.ts'
import { targets } from '../../compiler/targets/index.ts'

const text = 'attention a { dim: 1 feature: elu1 mask: causal decay: 2^(head - 63) }'

test.each(targets.map(({ name }) => name))('the decay of a head on %s is that of the file', (target) => {
  const { tree, checked } = understand({ file: 'heads.attn', text })
  const built = build(checked.attentions[0]!, tree, target)
  if ('unsupported' in built) throw new Error(built.unsupported)
  expect(() => checkHeads('a.forward', built.program, 64)).not.toThrow()
  expect(() => checkHeads('a.forward', built.program, 65)).toThrow(
    'a.forward: the decay of query head 64 must be in (0, 1]; it is 2. Try 64 heads at the most.',
  )
})
