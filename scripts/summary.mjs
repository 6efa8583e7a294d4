// usage: summary.mjs REPORT CHECK TESTS; the statuses with which `npm run check` and the tests ended
import { existsSync, readFileSync } from 'node:fs'
import { argv, exit, stdout } from 'node:process'

const [, , report = '', check, tests] = argv

/** @typedef {{ assertionResults: unknown[], status: string }} TestFile */
/** @typedef {{ numPassedTests: number, numFailedTests: number, testResults: TestFile[] }} Report */

/** @type {Report} */
const nothing = { numPassedTests: 0, numFailedTests: 0, testResults: [] }
const { numPassedTests, numFailedTests, testResults } = existsSync(report)
  ? /** @type {Report} */ (JSON.parse(readFileSync(report, 'utf8')))
  : nothing

// A file that cannot be loaded has no tests to count.
const unloadable = testResults.filter(
  ({ assertionResults, status }) => status === 'failed' && assertionResults.length === 0,
).length

let failed = numFailedTests + unloadable + (check === '0' ? 0 : 1)
// Unhandled errors and a failed build end the run with a status and no failed test.
if (tests !== '0' && numFailedTests + unloadable === 0) failed += 1

stdout.write(`${numPassedTests} passed, ${failed} failed\n`)
exit(failed === 0 ? 0 : 1)
