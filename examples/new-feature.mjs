// A feature map of one's own, compiled in memory and run: no file is written, no shader either.
//
//     node examples/new-feature.mjs
import { compile } from 'attnc'
import { createAttention } from 'attnc/runtime'

const spec = `
# Weights that fall with the angle between two rows, sharper than relu.
feature squared(x) = relu(x) ^ 2 / (norm(x) + 1e-6)

attention mine {
  dim:     32
  feature: squared
  epsilon: 1e-6
  mask:    causal
}
`

const { modules, diagnostics } = compile(spec)
for (const { message } of diagnostics) console.error(message)

const [mine] = modules
const attention = await createAttention(mine.program)

const [length, heads] = [128, 2]
const wave = (count, step) => Float32Array.from({ length: count }, (_, n) => Math.sin(step * n))
const out = await attention.forward({
  q: wave(heads * length * 32, 0.37),
  k: wave(heads * length * 32, 0.59),
  v: wave(heads * length * 32, 0.11),
  length,
  heads,
})
console.log(`${attention.name} on ${attention.device}: ${out.length} numbers, the first ${out[0].toFixed(4)}`)
attention.destroy()
