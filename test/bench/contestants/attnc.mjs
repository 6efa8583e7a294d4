// The attention that attnc compiled, with its float64 reference as what is expected.
import { downloaded, storage, uploaded } from '../buffers.mjs'

/** @typedef {import('../../../runtime/index.ts').Attention} Attention */
/** @typedef {import('../tensors.mjs').Sizes} Sizes */

/**
 * @param {GPUDevice} device
 * @param {Attention} attention on that device; it stays the caller's
 * @param {(typeof import('../../../compiler/index.ts'))['reference'] extends (...words: never[]) => infer Interpret
 *   ? Interpret : never} reference
 * @param {Sizes} sizes
 * @param {Record<'q' | 'k' | 'v', Float32Array<ArrayBuffer>>} tensors [heads, length, dim]
 * @returns {import('./contestant.mjs').Contestant}
 */
export function attncContestant(device, attention, reference, { heads, length, dim }, tensors) {
  const { q, k, v } = tensors
  const sizes = { length, heads }
  const lying = { q: uploaded(device, q), k: uploaded(device, k), v: uploaded(device, v) }
  const out = storage(device, q.byteLength)
  return {
    name: 'attnc',
    width: dim,
    expected: reference({ ...tensors, ...sizes, batch: 1, kvHeads: heads, keyLength: length }),
    fromArrays: () => attention.forward({ ...tensors, ...sizes }),
    async onDevice(calls) {
      for (let call = 0; call < calls; call++) await attention.forward({ ...lying, ...sizes, out })
      return new Float32Array(await downloaded(device, out))
    },
    destroy() {
      for (const buffer of [...Object.values(lying), out]) buffer.destroy()
    },
  }
}
