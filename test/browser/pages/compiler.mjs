// A page that compiles a spec itself, as a playground would, and runs what comes of it.
import * as attnc from 'attnc'
import { createAttention } from 'attnc/runtime'
import { runWith } from './run.mjs'

/**
 * @param {import('./run.mjs').Run} run
 * @returns {Promise<import('./run.mjs').Outcome>}
 */
const runHere = (run) => {
  const [module] = attnc.compile(run.text).modules
  if (module === undefined) throw new Error('nothing was compiled')
  return runWith((options) => createAttention(module.program, options), run)
}

// The whole library, so that nothing of it is left out of the bundle.
Object.assign(globalThis, { runHere, attnc })
