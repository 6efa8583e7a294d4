// Generating with a linear transformer: the prompt at once, then a token at a time, each at the same cost.
//
//     node examples/decode.mjs
import { readFile } from 'node:fs/promises'
import { compile } from 'attnc'
import { createAttention } from 'attnc/runtime'

const spec = await readFile(new URL('../specs/linear_transformer.attn', import.meta.url), 'utf8')
const attention = await createAttention(compile(spec).modules[0].program)
const { dim, valueDim } = attention

const [heads, prompt, generated] = [4, 48, 16]
const wave = (count, step) => Float32Array.from({ length: count }, (_, n) => Math.sin(step * (n + 1)))

// Stands for a model: the next token's rows, from what attention gave for the last.
const rowsFrom = (out) => ({
  q: out.map((x) => Math.tanh(3 * x)),
  k: out.map((x) => Math.sin(5 * x)),
  v: out.map((x) => Math.cos(7 * x)),
})

const { out, state } = await attention.prefill({
  q: wave(heads * prompt * dim, 0.37),
  k: wave(heads * prompt * dim, 0.59),
  v: wave(heads * prompt * valueDim, 0.11),
  length: prompt,
  heads,
})

// The prompt's last row of every head.
let last = new Float32Array(heads * valueDim)
for (let head = 0; head < heads; head++)
  last.set(
    out.subarray(((head + 1) * prompt - 1) * valueDim, (head + 1) * prompt * valueDim),
    head * valueDim,
  )

for (let token = 0; token < generated; token++) last = await attention.step(state, rowsFrom(last))

console.log(`${attention.name} on ${attention.device}: ${prompt} tokens read, ${generated} generated`)
console.log(`the last begins ${last[0].toFixed(4)}, ${last[1].toFixed(4)}, ${last[2].toFixed(4)}`)
state.destroy()
attention.destroy()
