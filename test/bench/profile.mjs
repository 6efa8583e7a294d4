// The dispatches of one call by the device's own clock, and what share of the device's ceilings they reach.
import { median } from './statistics.mjs'

/** @typedef {import('../../runtime/index.ts').Attention} Attention */
/** @typedef {import('../../compiler/schedule/cost.ts').Cost} Cost */

/**
 * @typedef {object} Profile
 * @property {readonly { readonly kernel: string, readonly milliseconds: number }[]} dispatches medians, in order
 * @property {number} milliseconds of all of them, the median of the sums
 * @property {number} bytes that the passes must read and write at least
 * @property {number} flops
 * @property {number} [ofCopy] share of the copy's bandwidth, 0 … 1
 * @property {number} [ofMatmul] share of the matrix rate, 0 … 1
 */

/**
 * @param {Attention} attention
 * @param {Parameters<Attention['profile']>[0]} call
 * @param {number} rounds
 * @param {Cost} cost
 * @param {import('./ceilings/ceilings.mjs').Ceilings | undefined} ceilings
 * @returns {Promise<Profile>}
 */
export async function profileOf(attention, call, rounds, { bytes, flops }, ceilings) {
  /** @type {Awaited<ReturnType<Attention['profile']>>[]} */
  const runs = []
  for (let round = 0; round < rounds; round++) runs.push(await attention.profile(call))
  const dispatches = (runs[0] ?? []).map(({ kernel }, index) => ({
    kernel,
    milliseconds: median(runs.map((run) => (run[index]?.nanoseconds ?? NaN) / 1e6)),
  }))
  const milliseconds = median(
    runs.map((run) => run.reduce((sum, { nanoseconds }) => sum + nanoseconds / 1e6, 0)),
  )
  return {
    dispatches,
    milliseconds,
    bytes,
    flops,
    ...(ceilings && {
      ofCopy: bytes / milliseconds / 1e6 / ceilings.copy.gigabytesPerSecond,
      ofMatmul: flops / milliseconds / 1e6 / ceilings.matmul.gigaflops,
    }),
  }
}
