#!/usr/bin/env node
/** The program. scripts/bundle.mjs makes dist/compiler/cli.js of it and of all that it imports. */
import * as module from 'node:module'
import process from 'node:process'

// Node.js keeps compiled code on disk from 22.1 on, for what is imported after this call.
;(module as { enableCompileCache?: () => void }).enableCompileCache?.()

const { main } = await import('./main.ts')
const { flushed, processIo } = await import('./process.ts')
const status = await main(process.argv.slice(2), processIo())
await flushed()
// A device that is still open would keep the process waiting for it.
process.exit(status)
