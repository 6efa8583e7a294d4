#!/usr/bin/env node
import process from 'node:process'
import { main } from './cli/main.ts'
import { flushed, processIo } from './cli/process.ts'

const status = await main(process.argv.slice(2), processIo())
await flushed()
// A device that is still open would keep the process waiting for it.
process.exit(status)
