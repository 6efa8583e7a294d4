// Trains the copy task on the processor, with each attention from the same seeds, and draws the losses.
//
//     node examples/copy-task/train.mjs                     # minutes; curves.svg and curves.json
//     node examples/copy-task/train.mjs --own               # and the same models with jax-js's own attention
//     node examples/copy-task/train.mjs --paper             # the paper's setting: 4 layers, 8 heads, batches of 64
//     node examples/copy-task/train.mjs --steps 200 --only linear --length 32
import * as jax from '@jax-js/jax'
import { compile } from 'attnc'
import { attentionInJax } from 'attnc/jax'
import { createAttention } from 'attnc/runtime'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { curves } from './curves.mjs'
import { ownAttentions } from './own.mjs'
import { names, specOf } from './spec.mjs'
import { compiledGradient, ownGradient, settings, train } from './training.mjs'

const number = { type: 'string' }
const { values } = parseArgs({
  options: {
    paper: { type: 'boolean' },
    own: { type: 'boolean' },
    only: { type: 'string' },
    out: { type: 'string', default: 'curves' },
    seed: { ...number, default: '1' },
    ...Object.fromEntries(Object.keys(settings.small).map((name) => [name, number])),
  },
})
const setting = { ...settings[values.paper ? 'paper' : 'small'] }
for (const name of Object.keys(setting)) if (values[name]) setting[name] = Number(values[name])

await jax.init('wasm')
const { modules } = compile(specOf(setting.width / setting.heads), { target: 'wasm' })
const chosen = values.only ? [values.only] : names
const runs = []
for (const name of chosen) {
  const { program } = modules.find((module) => module.name === name)
  const attend = await attentionInJax(jax, { create: (options) => createAttention(program, options) })
  console.log(`${name} on ${attend.attention.device}`)
  await run(name, compiledGradient(jax, attend, setting))
  if (values.own) {
    const projection = attend.attention.projection ?? new Float32Array(setting.width / setting.heads)
    const { [name]: own } = ownAttentions(jax, setting, projection)
    await run(`${name}, jax-js's own`, ownGradient(jax, own, setting))
  }
  attend.attention.destroy()
}
writeFileSync(`${values.out}.svg`, curves(runs, `Copy task, sequences of up to ${setting.length}`))
writeFileSync(`${values.out}.json`, JSON.stringify({ setting, seed: Number(values.seed), runs }))
console.log(`${values.out}.svg`)
process.exit()

async function run(name, gradient) {
  const losses = []
  const started = performance.now()
  await train(jax, gradient, setting, Number(values.seed), (step, loss) => {
    losses.push(loss)
    if (step % Math.ceil(setting.steps / 20) === 0 || step === 1)
      console.log(
        `${name}: step ${step}, loss ${mean(losses.slice(-50)).toFixed(4)}, ` +
          `${((performance.now() - started) / step).toFixed(0)} ms a step`,
      )
  })
  runs.push({ name, losses, milliseconds: performance.now() - started })
}

function mean(of) {
  return of.reduce((sum, one) => sum + one, 0) / of.length
}
