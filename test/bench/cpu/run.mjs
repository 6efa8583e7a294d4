// npm run bench -- --cpu: attnc's kernels for WebAssembly, ONNX Runtime's provider for processors and its WebAssembly, on the
// same tensors in one run. Results are held against float64 before and while they are timed, calls alternate, and what is
// shown are medians from arrays to arrays. --readme puts the table into README.md.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { execPath, stdout } from 'node:process'
import { fileURLToPath } from 'node:url'
import { printReport } from './report.mjs'

/** @typedef {import('./measure.mjs').Measurements} Measurements */

const here = new URL('.', import.meta.url)
const readme = new URL('../../../README.md', import.meta.url)
const [begin, end] = ['<!-- npm run bench -- --cpu --readme -->\n', '<!-- end -->']

/**
 * @param {import('../options.mjs').Options} options
 * @returns {number} the exit code
 */
export function benchmarkCpu({ lengths, rounds, threads, json, readme: write }) {
  const measured = threads.map((count) => measure(count, lengths, rounds))
  const text = printReport(measured, rounds)
  stdout.write(`${json ? JSON.stringify(measured, undefined, 2) : text}\n`)
  if (write) intoReadme(text)
  return 0
}

/**
 * @param {number} threads
 * @param {readonly number[]} lengths
 * @param {number} rounds
 * @returns {Measurements}
 */
function measure(threads, lengths, rounds) {
  const words = [fileURLToPath(new URL('measure.mjs', here)), `${threads}`, lengths.join(), `${rounds}`]
  const {
    status,
    signal,
    stdout: said,
  } = spawnSync(execPath, words, {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`the measurement on ${threads} threads ended with ${status ?? signal}`)
  return /** @type {Measurements} */ (JSON.parse(said))
}

/** @param {string} text */
function intoReadme(text) {
  const page = readFileSync(readme, 'utf8')
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`README.md has no place for the table: ${begin.trim()} … ${end}`)
  writeFileSync(readme, `${page.slice(0, from + begin.length)}\n${text}\n\n${page.slice(to)}`)
}
