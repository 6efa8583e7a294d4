// What `attnc verify` checks, in a program or a test suite of one's own: a claim that is true, and one that is not.
//
//     node examples/verify.mjs
//
// In vitest it is one assertion, whose failure shows what was refuted and by what:
//
//     expect((await verify(readFileSync('mine.attn', 'utf8'))).refuted).toEqual([])
//
// The same seed tries the same cases; { runs: 200 } tries ten times as many as are usual.
import { verify } from 'attnc'

const claim = (exponent) => `
feature positive(x, w) = exp(${exponent})

attention mine {
  dim:         8
  kernel:      exp(dot(q, k))
  feature:     positive
  projections: 64 orthogonal seed 7
  mask:        causal
}
`

for (const [exponent, options] of [
  ['dot(w, x) - dot(x, x) / 2', { runs: 3 }],
  ['dot(w, x) - dot(x, x)', { property: 'unbiased' }],
]) {
  const { attentions, refuted } = await verify(claim(exponent), { seed: 1, ...options })
  console.log(`exp(${exponent})`)
  for (const { device, properties } of attentions)
    for (const { name, status } of properties) console.log(`  ${name} is ${status} on ${device}`)
  console.log(refuted.length === 0 ? '  nothing is refuted' : `  ${refuted.join('\n  ')}`)
}
