// Controls in, plots out.
import { attentionNamed, forgetAttentions } from './attentions.mjs'
import { plot, plotScale } from './plot.mjs'
import { rowsOf } from './rows.mjs'
import { medianTimes } from './time.mjs'
import { evenShares, relativeError, uniformWeights, weightsOf } from './weights.mjs'

const element = (id) => document.getElementById(id)
const [controls, length, seed, causal] = ['controls', 'length', 'seed', 'causal'].map(element)

const rowSeed = 11

/** What is on show; kept, since a change of the colour scheme draws it again. */
let shown
/** Of the last change: what an earlier one has computed is no longer wanted. */
let latest = 0

function wishes() {
  return {
    length: length.valueAsNumber,
    seed: Math.abs(Math.trunc(seed.valueAsNumber || 0)),
    causal: causal.checked,
  }
}

async function show() {
  const turn = ++latest
  const wanted = wishes()
  element('length-shown').value = String(wanted.length)
  element('plots').ariaBusy = 'true'
  say('Computing …')
  try {
    const result = await compute(wanted, () => turn === latest)
    if (result === undefined) return
    shown = result
    draw()
    describe(result)
    element('trouble').hidden = true
    say('Measuring …')
    const calls = timedCalls(result)
    const { medians, rounds } = await medianTimes(calls)
    if (turn !== latest) return
    const [exact, estimate] = medians
    element('softmax-time').textContent = milliseconds(exact)
    element('performer-time').textContent = milliseconds(estimate)
    const { backend, device } = result.performer
    say(
      `${backend} on ${device}. Medians of ${rounds} calls, length ${wanted.length}, dim ${result.performer.dim}.`,
    )
  } catch (error) {
    if (turn !== latest) return
    if (error.code === 'device-lost') forgetAttentions()
    report(error)
  } finally {
    if (turn === latest) element('plots').ariaBusy = 'false'
  }
}

/** @returns undefined where something else is wanted by now */
async function compute({ length, seed, causal }, current) {
  const ending = causal ? '_causal' : ''
  const softmax = await attentionNamed(`softmax${ending}`)
  const performer = await attentionNamed(`performer${ending}`)
  if (!current()) return undefined
  const rows = rowsOf(length, performer.dim, rowSeed)
  performer.redraw(seed)
  const [exact, estimate] = await Promise.all([
    weightsOf(softmax, rows, length),
    weightsOf(performer, rows, length),
  ])
  if (!current()) return undefined
  const error = relativeError(estimate, exact)
  const uniform = relativeError(uniformWeights(length, causal), exact)
  return { softmax, performer, rows, length, causal, exact, estimate, error, uniform }
}

/** One call of each, for one head, with values that are rows as any others. */
function timedCalls({ softmax, performer, rows, length }) {
  const v = rowsOf(length, performer.valueDim, rowSeed + 1)
  return [softmax, performer].map((attention) => () => attention.forward({ q: rows, k: rows, v, length }))
}

function draw() {
  plotScale(element('scale'))
  if (shown === undefined) return
  const { exact, estimate, length, causal } = shown
  const shares = evenShares(exact, length, causal)
  const largest = nearlyLargest(shares)
  plot(element('softmax'), shares, length, largest)
  plot(element('performer'), evenShares(estimate, length, causal), length, largest)
  element('largest').textContent = `${largest.toPrecision(2)} times`
}

/** A few that are larger would leave the rest without colour. */
function nearlyLargest(values) {
  const sorted = values.toSorted()
  return sorted[Math.floor(0.985 * (sorted.length - 1))]
}

function describe({ length, causal, error, uniform }) {
  element('softmax-error').textContent = '0, by definition'
  element('performer-error').textContent = percent(error)
  element('uniform').textContent = percent(uniform)
  const size = `${length} by ${length} positions${causal ? ', nothing right of the diagonal' : ''}`
  element('softmax').ariaLabel = `Weights of exact softmax attention, ${size}.`
  element('performer').ariaLabel =
    `The Performer's estimate of the same weights, ${size}, with a relative error of ${percent(error)}.`
}

function report(error) {
  const without = ['no-webgpu', 'no-adapter'].includes(error.code)
  element('trouble').textContent = without
    ? `This page needs WebGPU, or WebAssembly with SIMD, and this browser offers none that works. ${error.message} ` +
      'Current versions of Chrome, Edge, Safari and Firefox have it on most devices.'
    : error.message
  element('trouble').hidden = false
  say('Nothing is shown.')
}

const say = (text) => {
  element('status').textContent = text
}
const percent = (share) => `${(100 * share).toPrecision(3)} %`
const milliseconds = (time) => `${time.toPrecision(3)} ms`

controls.addEventListener('input', () => void show())
controls.addEventListener('submit', (event) => event.preventDefault())
element('redraw').addEventListener('click', () => {
  seed.value = String((wishes().seed + 1) % 1_000_000)
  void show()
})
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
plotScale(element('scale'))
void show()
