// The whole comparison on one device. What it compares is handed in, so that it runs on a build and on the sources.
import { ceilingsOf } from './ceilings/ceilings.mjs'
import { compare } from './compare.mjs'
import { attncContestant } from './contestants/attnc.mjs'
import { onnxRuntimeContestant } from './contestants/onnxruntime.mjs'
import { WrongResult } from './gate.mjs'
import { modelledOf } from './modelled.mjs'
import { profileOf } from './profile.mjs'
import { normals } from './tensors.mjs'

/** @typedef {import('../../runtime/index.ts').Attention} Attention */
/** @typedef {import('../../compiler/cost/nearest.ts').Likeness} Likeness */

export const heads = 2
export const dim = 64
const name = 'linear'
export const spec = `attention ${name} {
  dim:     ${dim}
  feature: elu1
  mask:    causal
}`

/**
 * @typedef {object} Toolchain
 * @property {typeof import('../../compiler/index.ts').compile} compile
 * @property {typeof import('../../compiler/index.ts').reference} reference
 * @property {typeof import('../../compiler/schedule/cost.ts').cost} cost
 * @property {typeof import('../../compiler/cost/estimate.ts').expectForm} expectForm
 * @property {typeof import('../../compiler/cost/device.ts').devices} devices
 * @property {typeof import('../../runtime/index.ts').createAttention} createAttention
 */

/**
 * @typedef {object} Result
 * @property {number} length
 * @property {readonly import('./compare.mjs').Measured[]} contestants
 * @property {import('./modelled.mjs').Modelled} modelled what the cost model expects of attnc's call
 * @property {import('./profile.mjs').Profile} [profile]
 */

/** @typedef {{ readonly length: number, readonly refused: string }} Refusal */

/**
 * @typedef {object} Report
 * @property {number} firstResult milliseconds from the compiled program to the result of a first, short call
 * @property {import('./ceilings/ceilings.mjs').Ceilings} [ceilings]
 * @property {readonly (Result | Refusal)[]} results
 */

/**
 * @param {Toolchain} toolchain
 * @param {GPUDevice} device
 * @param {Likeness} model which profile of the cost model stands for the device
 * @param {import('./contestants/onnxruntime.mjs').Runtime | undefined} peer
 * @param {{ readonly lengths: readonly number[], readonly rounds: number }} options
 * @param {(step: string) => void} say
 * @returns {Promise<Report>}
 */
export async function benchmark(toolchain, device, model, peer, { lengths, rounds }, say) {
  const compiled = toolchain.compile(spec).modules[0]
  if (compiled === undefined) throw new Error('the spec of the benchmark does not compile')
  say('compiling the kernels for the device')
  const start = performance.now()
  const attention = await toolchain.createAttention(compiled.program, { device })
  try {
    // Some drivers compile a kernel when it is made, others when it first runs.
    const row = normals(heads * dim, 1)
    await attention.forward({ q: row, k: row, v: row, length: 1, heads })
    const firstResult = performance.now() - start
    say('measuring what the device can do at most')
    const ceilings = await ceilingsOf(device)
    const results = []
    for (const length of lengths) {
      const call = { batch: 1, heads, kvHeads: heads, length, keyLength: length }
      const cost = toolchain.cost(compiled.schedule, call)
      const expected = toolchain.expectForm(compiled.forms.forward, call, toolchain.devices[model.profile])
      const setting = { toolchain, device, attention, peer, rounds, cost, expected, ceilings }
      results.push(await atLength(setting, length, say))
    }
    return { firstResult, ...(ceilings && { ceilings }), results }
  } finally {
    attention.destroy()
  }
}

/**
 * @typedef {object} Setting
 * @property {Toolchain} toolchain
 * @property {GPUDevice} device
 * @property {Attention} attention
 * @property {import('./contestants/onnxruntime.mjs').Runtime | undefined} peer
 * @property {number} rounds
 * @property {import('../../compiler/schedule/cost.ts').Cost} cost
 * @property {import('../../compiler/cost/estimate.ts').CallExpectation} expected
 * @property {import('./ceilings/ceilings.mjs').Ceilings | undefined} ceilings
 */

/**
 * @param {Setting} setting
 * @param {number} length
 * @param {(step: string) => void} say
 * @returns {Promise<Result | Refusal>}
 */
async function atLength(setting, length, say) {
  const { toolchain, device, attention, peer, rounds, cost, expected, ceilings } = setting
  const sizes = { heads, length, dim }
  const count = heads * length * dim
  const tensors = { q: normals(count, 1), k: normals(count, 2), v: normals(count, 3) }
  say(`length ${length}: float64 reference`)
  const contestants = [attncContestant(device, attention, toolchain.reference(spec, name), sizes, tensors)]
  try {
    if (peer !== undefined) contestants.push(await onnxRuntimeContestant(peer, sizes, tensors))
    say(`length ${length}: ${rounds} rounds`)
    const measured = await compare(contestants, rounds)
    return {
      length,
      contestants: measured,
      modelled: modelledOf(expected),
      ...(device.features.has('timestamp-query') && {
        profile: await profileOf(attention, { ...tensors, length, heads }, rounds, cost, ceilings),
      }),
    }
  } catch (thrown) {
    if (thrown instanceof WrongResult) return { length, refused: thrown.message }
    throw thrown
  } finally {
    for (const contestant of contestants) await contestant.destroy()
  }
}
