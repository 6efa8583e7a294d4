// The command line of the benchmark.
import { parseArgs } from 'node:util'

export const usage = `npm run bench -- [options]

Causal linear attention compiled by attnc beside ONNX Runtime's WebGPU LinearAttention, on one device.

  --lengths 256,1024   rows per head (256,512,1024,2048,4096)
  --rounds 9           timed calls of each contestant at each length
  --icd FILE           the Vulkan driver to run on, by its ICD manifest
  --no-peer            attnc alone
  --cpu                processors instead: attnc's WebAssembly beside ONNX Runtime's library and WebAssembly
  --gradients          forward and backward together beside forward alone, on WebAssembly and on the device (at 4096)
  --threads 1,2        with --cpu or --gradients: how many, one after the other (1,2)
  --readme             with --cpu: the table goes into README.md
  --json               the whole report as JSON in place of the tables
  --help`

/**
 * @typedef {object} Options
 * @property {readonly number[]} lengths
 * @property {number} rounds
 * @property {string | undefined} icd
 * @property {boolean} peer
 * @property {boolean} cpu
 * @property {boolean} gradients
 * @property {readonly number[]} threads
 * @property {boolean} readme
 * @property {boolean} json
 * @property {boolean} help
 */

/**
 * @param {string[]} words
 * @returns {Options}
 * @throws {Error} that says which option is wrong
 */
export function readOptions(words) {
  const { values } = parseArgs({
    args: words,
    allowNegative: true,
    options: {
      lengths: { type: 'string' },
      rounds: { type: 'string', default: '9' },
      icd: { type: 'string' },
      peer: { type: 'boolean', default: true },
      cpu: { type: 'boolean', default: false },
      gradients: { type: 'boolean', default: false },
      threads: { type: 'string', default: '1,2' },
      readme: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { cpu, gradients, rounds, threads, icd, peer, readme, json, help } = values
  const ofDevice = gradients ? '4096' : '256,512,1024,2048,4096'
  const { lengths = cpu ? '256,1024,4096,8192' : ofDevice } = values
  return {
    lengths: lengths.split(',').map((word) => positive('--lengths', word)),
    rounds: positive('--rounds', rounds),
    icd,
    peer,
    cpu,
    gradients,
    threads: threads.split(',').map((word) => positive('--threads', word)),
    readme,
    json,
    help,
  }
}

/**
 * @param {string} option
 * @param {string} word
 */
function positive(option, word) {
  const value = Number(word)
  if (Number.isInteger(value) && value > 0) return value
  throw new Error(`${option}: expected positive integers, found ${JSON.stringify(word)}`)
}
