// The same answers from another WebGPU: the modules under Deno, whose wgpu reads WGSL by naga, on lavapipe.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { env } from 'node:process'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileInto } from '../browser/harness/compiled.ts'
import type { CompiledFolder } from '../browser/harness/compiled.ts'
import type { Outcome, Run } from '../browser/pages/run.mjs'
import { hostNamed } from '../hosts/hosts.ts'
import { relativeError } from '../numeric/harness.ts'
import { sized, specs } from '../numeric/small-specs.ts'
import { recordDevice, recordSkippedDevice } from '../setup/devices.ts'
import { everyDevice, lavapipe } from '../setup/test-devices.ts'
import { caseOf } from './cases.ts'
import { untrueCells, writeErrors } from './table.ts'

/** Those whose kernels lavapipe compiles within seconds; the others take up to a minute each. */
const quick = ['bigbird', 'cosformer', 'linformer', 'sliding_window', 'softmax']

const host = lavapipe === undefined ? 'ATTNC_LAVAPIPE_ICD does not name its ICD file' : hostNamed('Deno')
if (typeof host === 'string') recordSkippedDevice('wgpu in Deno', host)

let folder: CompiledFolder
beforeAll(async () => {
  folder = await compileInto(Object.fromEntries(specs.map((name) => [name, sized(name)])))
})
afterAll(() => folder.remove())

async function inDeno(run: Run): Promise<Outcome> {
  if (typeof host === 'string') throw new Error(host)
  const module = pathToFileURL(join(folder.path, run.module.replace('/modules/', ''))).href
  const child = spawn(host.executable, [...host.words, join(import.meta.dirname, 'deno.mjs'), module], {
    env: { ...env, VK_DRIVER_FILES: lavapipe },
  })
  child.stdin.end(JSON.stringify(run))
  const [out, said] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (child.exitCode !== 0) throw new Error(`Deno left with ${child.exitCode ?? child.signalCode}: ${said}`)
  return JSON.parse(out) as Outcome
}

describe.skipIf(typeof host === 'string')('on wgpu', () => {
  test.each(everyDevice ? specs : quick)(
    '%s',
    async (name) => {
      const { run, wanted, tolerance } = caseOf(name)
      const { outputs, backend, device } = await inDeno({ ...run, backend: 'webgpu' })
      expect(backend).toBe('webgpu')
      expect(device).toMatch(/llvmpipe/)
      recordDevice(`${device} (wgpu in Deno)`)
      const error = Math.max(...wanted.map((values, n) => relativeError(outputs[n] ?? [], values)))
      expect(error).toBeLessThan(tolerance)
      const cells = new Map([[name, new Map([['WebGPU in Deno', error] as const])]])
      if (env['UPDATE_GOLDENS'] === '1') writeErrors(cells)
      expect(untrueCells(cells), 'UPDATE_GOLDENS=1 writes the table').toEqual([])
    },
    300_000,
  )
})
