// Training the copy task with each attention (Transformers are RNNs, figure 2): the example of that name, recorded.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { curves } from '../copy-task/curves.mjs'

export const name = 'copying'

/** Losses of so many steps are recorded as their mean. */
const every = 15

/** @returns {Promise<{ setting: object, lines: { name: string, losses: number[], milliseconds: number }[] }>} a step's */
export async function measure() {
  const folder = mkdtempSync(join(tmpdir(), 'attnc-copying-'))
  const program = fileURLToPath(new URL('../copy-task/train.mjs', import.meta.url))
  const out = join(folder, 'curves')
  execFileSync(process.execPath, [program, '--own', '--out', out], { stdio: 'inherit' })
  const { setting, runs } = JSON.parse(readFileSync(`${out}.json`, 'utf8'))
  rmSync(folder, { recursive: true })
  return { setting, lines: runs.map((run) => recorded(run)) }
}

/** A run's mean losses, and the milliseconds of a step. */
export function recorded({ name, losses, milliseconds }) {
  const means = []
  for (let start = 0; start < losses.length; start += every) {
    const part = losses.slice(start, start + every)
    means.push(Number((part.reduce((sum, one) => sum + one, 0) / part.length).toPrecision(4)))
  }
  return { name, losses: means, milliseconds: Math.round(milliseconds / losses.length) }
}

export const draw = ({ setting, lines }) =>
  `${curves(lines, `Copy task, sequences of up to ${setting.length}`, every)}\n`

export function text({ setting, lines }) {
  const own = (name) => lines.find((line) => line.name === `${name}, jax-js's own`)
  const last = ({ losses }) => losses.slice(-20).reduce((sum, one) => sum + one / 20, 0)
  const shown = (line) => `${last(line).toPrecision(2)} | ${line.milliseconds}`
  const rows = lines
    .filter(({ name }) => own(name))
    .map((line) => `| ${line.name} | ${shown(line)} | ${shown(own(line.name))} |`)
  return `## The copy task

${setting.layers} layers, ${setting.heads} heads of ${setting.width / setting.heads}, batches of ${setting.batch} sequences of at most ${setting.length} words, ${setting.steps} steps of RAdam, the same seeds
for all: \`node examples/copy-task/train.mjs --own\`. _Transformers are RNNs_, figure 2, trains 4 layers of 8 heads at
length 128 on a GPU, which is \`--paper\` here: linear attention reaches the loss of softmax there. Guessing a word is a loss
of log 10 = 2.3. Dashed is the same model with attention that jax-js computes and differentiates itself.

![Loss against steps](results/copying.svg)

| | loss at the end, attnc | ms a step | loss at the end, jax-js | ms a step |
| --- | ---: | ---: | ---: | ---: |
${rows.join('\n')}`
}
