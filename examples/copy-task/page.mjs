// Trains in the page, and draws the losses while they come. `?steps=200&length=32&paper` changes the setting,
// `?device=wasm` what jax computes on.
import * as jax from '@jax-js/jax'
import { attentionInJax } from 'attnc/jax'
import { curves } from './curves.mjs'
import { names } from './spec.mjs'
import { compiledGradient, settings, train } from './training.mjs'

const [button, status, plot] = ['start', 'status', 'plot'].map((id) => document.getElementById(id))
const asked = new URLSearchParams(location.search)
const setting = { ...settings[asked.has('paper') ? 'paper' : 'small'] }
for (const name of Object.keys(setting)) if (asked.has(name)) setting[name] = Number(asked.get(name))

button.addEventListener('click', () => {
  button.disabled = true
  trainAll()
    .catch((thrown) => (status.textContent = String(thrown)))
    .finally(() => (button.disabled = false))
})

async function trainAll() {
  const devices = await jax.init()
  jax.defaultDevice(asked.get('device') ?? (devices.includes('webgpu') ? 'webgpu' : 'wasm'))
  const runs = []
  for (const name of asked.get('only')?.split(',') ?? names) {
    const run = { name, losses: [] }
    runs.push(run)
    const attend = await attentionInJax(jax, await import(`./modules/${name}.js`))
    const gradient = compiledGradient(jax, attend, setting)
    await train(jax, gradient, setting, 1, async (step, loss) => {
      run.losses.push(loss)
      status.textContent = `${name} on ${attend.attention.device}: step ${step} of ${setting.steps}, loss ${loss.toFixed(3)}`
      plot.innerHTML = curves(runs, `Sequences of up to ${setting.length}`)
      // The page draws between two steps.
      await new Promise((resolve) => setTimeout(resolve))
    })
    attend.attention.destroy()
  }
  status.textContent = `Trained: ${runs.map(({ name, losses }) => `${name} ${losses.at(-1).toFixed(3)}`).join(', ')}.`
}
