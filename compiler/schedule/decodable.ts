/** Whether an attention can go on token by token: whether a recurrence says the same as the whole sequence. */
import type { Attention } from '../algebra/attention.ts'
import { mentions } from '../symbolic/traverse.ts'

/** The reason, in words that go on from "cannot decode, since"; undefined where the attention decodes. */
export function undecodable({ score, mask, stabilize }: Attention): string | undefined {
  switch (score.kind) {
    case 'landmarks':
      return 'its landmarks stand for the whole sequence'
    case 'compressed':
      return 'its pooled rows stand for the whole sequence'
    case 'bucketed':
      return 'its hash sorts the whole sequence'
    case 'exact':
    case 'factorised':
  }
  if (mask.kind === 'none') return 'without a mask each row sees those after it; write mask: causal'
  if (mask.kind === 'condition') return 'its mask is a condition, and only mask: causal decodes'
  if (stabilize.kind === 'max') return 'stabilize: max takes maxima over the whole sequence'
  const blocks = score.kind === 'factorised' ? [...score.query, ...score.key] : []
  return blocks.some(({ value }) => mentions(value, 'length'))
    ? 'its feature uses length, which grows with each token'
    : undefined
}
