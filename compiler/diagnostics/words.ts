/** What other tools call a setting or a function of their own, and attn writes in other words. */
const inAttn: Readonly<Record<string, string>> = {
  alibi: 'a bias by distance stands in the kernel: `exp(dot(q, k) - 2^(-8 * (head + 1) / heads) * (i - j))`',
  bias: 'a bias is a term of the kernel, such as `inputs: b scalar` and `exp(dot(q, k) + b[j])`',
  causal: 'write `mask: causal`',
  dropout: 'attention runs without dropout; in training, drop entries of the output or of the queries',
  heads: 'a call says how many heads it has: `forward({ q, k, v, length, heads })`',
  precision: 'arithmetic is f32; `create({ storage: "f16" })` keeps tensors in f16',
  rope: 'write `kernel: exp(dot(rotary(q, 1e4), rotary(k, 1e4)))`',
  softcap: 'a cap is a function around `dot(q, k)` in the kernel, as in specs/gemma.attn',
  softmax: 'softmax is `kernel: exp(dot(q, k))`, which is normalised unless you say otherwise',
  window: 'a window is a mask: `mask: causal && i - j < 256`',
}

/** What to write in place of such a word, in any spelling of case and number. */
export const wordsFor = (name: string): string | undefined => {
  const word = name.toLowerCase()
  const known = Object.keys(inAttn).find((one) => word === one || word === `${one}s`)
  return known && inAttn[known]
}
