// What the compiler of a device costs before the first result, which a user waits for: on lavapipe, whose compiler is
// slower than most, by way of Dawn and of wgpu. Bounds are two or three times what a busy machine takes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { env } from 'node:process'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { compile } from '../../compiler/index.ts'
import type { KernelSource } from '../../runtime/program.ts'
import { hostNamed } from '../hosts/hosts.ts'
import { specs, textOf } from '../numeric/small-specs.ts'
import { recordDevice, recordSkippedDevice } from '../setup/devices.ts'
import { everyDevice, lavapipe, testDevice } from '../setup/test-devices.ts'
import { coldTime } from './cold.mjs'

// Kernels that were compiled before are kept on disk, and other tests have narrower vectors compiled than a user. The driver
// reads this when it is loaded.
env['MESA_SHADER_CACHE_DISABLE'] = 'true'
delete env['LP_NATIVE_VECTOR_WIDTH']

/** Seconds of a processor for all kernels of a spec. */
const bounds: Readonly<Record<string, number>> = {
  nystromformer: 75,
  proxyformer: 60,
  performer_hyperbolic: 75,
  sliding_window: 15,
}
const usualBound = 45

const asked = everyDevice ? specs : ['sliding_window']

async function kernelsOf(spec: string): Promise<readonly KernelSource[]> {
  const [compiled] = compile(textOf(spec)).modules
  if (compiled === undefined) throw new Error(`${spec} does not compile`)
  const { kernels, later } = compiled.program
  return Object.values({ ...kernels, ...(await later?.())?.kernels })
}

const deno = lavapipe === undefined ? 'ATTNC_LAVAPIPE_ICD does not name its ICD file' : hostNamed('Deno')
if (typeof deno === 'string') recordSkippedDevice('wgpu in Deno', deno)

async function inDeno(kernels: readonly KernelSource[]): Promise<{ seconds: number; device: string }> {
  if (typeof deno === 'string') throw new Error(deno)
  const words = [...deno.words, join(import.meta.dirname, 'cold.mjs'), 'from-input']
  const child = spawn(deno.executable, words, { env: { ...env, VK_DRIVER_FILES: lavapipe } })
  child.stdin.end(JSON.stringify(kernels))
  const [out, said] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (child.exitCode !== 0) throw new Error(`Deno left with ${child.exitCode ?? child.signalCode}: ${said}`)
  return JSON.parse(out) as { seconds: number; device: string }
}

describe.skipIf(lavapipe === undefined)('kernels are compiled in bounded time', () => {
  test.each(asked)('on Dawn: %s', async (spec) => {
    const seconds = await coldTime(await testDevice('lavapipe'), await kernelsOf(spec))
    expect(seconds).toBeLessThan(bounds[spec] ?? usualBound)
  })

  test.skipIf(typeof deno === 'string').each(asked)('on wgpu: %s', async (spec) => {
    const { seconds, device } = await inDeno(await kernelsOf(spec))
    expect(device).toMatch(/llvmpipe/)
    recordDevice(`${device} (wgpu in Deno)`)
    expect(seconds).toBeLessThan(bounds[spec] ?? usualBound)
  })
})
