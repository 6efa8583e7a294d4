// What Deno is asked in the tests: a run of a module on WebGPU, which comes in JSON and whose outcome goes out in JSON.
import { argv, stdin, stdout } from 'node:process'
import { text } from 'node:stream/consumers'
import { runWith } from '../browser/pages/run.mjs'

const [, , address = ''] = argv
const { create } = /** @type {import('../browser/pages/run.mjs').Module} */ (await import(address))
const run = /** @type {import('../browser/pages/run.mjs').Run} */ (JSON.parse(await text(stdin)))
stdout.write(JSON.stringify(await runWith(create, run)))
