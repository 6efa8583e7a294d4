// What the cost model expects of a call of attnc's, in the units and by the names of what is measured.

/**
 * @typedef {object} Modelled
 * @property {number} milliseconds of all dispatches, without the time between them
 * @property {readonly { readonly kernel: string, readonly milliseconds: number, readonly limit: string }[]} dispatches
 */

/**
 * @param {import('../../compiler/cost/estimate.ts').CallExpectation} expected
 * @returns {Modelled}
 */
export function modelledOf({ time, passes }) {
  return {
    milliseconds: time * 1e3,
    dispatches: passes.map(({ pass, times, time, limit }) => ({
      kernel: pass,
      milliseconds: time * times * 1e3,
      limit,
    })),
  }
}
