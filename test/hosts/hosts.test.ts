// The module that runs in Node.js and in browsers runs under Deno and Bun as it is: whole, on threads, and token by token.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compile } from '../../compiler/index.ts'
import { compileOne, expected, relativeError, tensors } from '../numeric/harness.ts'
import { deviceRequired, recordDevice, recordSkippedDevice } from '../setup/devices.ts'
import { moduleFolder, spelt } from '../setup/modules.ts'
import type { ModuleFolder } from '../setup/modules.ts'
import { hostNamed, hostNames } from './hosts.ts'

const spec = 'attention linear { dim: 64 feature: elu1 mask: causal }'
const sizes = { heads: 2, length: 300 }

interface Printed {
  readonly backend: string
  readonly device: string
  readonly out: readonly number[]
  /** Of each token, [heads, dim]. */
  readonly steps: readonly (readonly number[])[]
  /** Whether one thread gives the same bits. */
  readonly onThreads: boolean
}

let folder: ModuleFolder
const inputs = tensors(compileOne(spec), sizes, 3)

beforeAll(() => {
  folder = moduleFolder(compile(spec).modules.flatMap(({ files }) => files))
  writeFileSync(
    join(folder.path, 'use.js'),
    `import { create } from './linear.js'
    const call = { ${spelt({ ...inputs, ...sizes })} }
    const attention = await create()
    const out = await attention.forward(call)
    const one = await create({ backend: attention.backend, threads: 1 })
    const alone = await one.forward(call)
    const rows = (tensor, from, to) => Float32Array.from([0, 1].flatMap((head) =>
      [...tensor.subarray((300 * head + from) * 64, (300 * head + to) * 64)]))
    const part = (from, to) => ({ q: rows(call.q, from, to), k: rows(call.k, from, to), v: rows(call.v, from, to) })
    const { state } = await attention.prefill({ ...part(0, 297), length: 297, heads: 2 })
    const steps = []
    for (let row = 297; row < 300; row++) steps.push([...(await attention.step(state, part(row, row + 1)))])
    const { backend, device } = attention
    state.destroy()
    attention.destroy()
    one.destroy()
    console.log(JSON.stringify({ backend, device, out: [...out], steps, onThreads: alone.every((x, n) => x === out[n]) }))`,
  )
})
afterAll(() => folder.remove())

describe.each(hostNames)('%s', (name) => {
  const host = hostNamed(name)
  if (typeof host === 'string') recordSkippedDevice(name, host)

  test.skipIf(typeof host === 'string' && !deviceRequired)('runs it on WebAssembly', async () => {
    if (typeof host === 'string') throw new Error(host)
    const { stdout } = await promisify(execFile)(
      host.executable,
      [...host.words, join(folder.path, 'use.js')],
      {
        cwd: folder.path,
        maxBuffer: 2 ** 26,
        timeout: 120_000,
      },
    )
    const { backend, device, out, steps, onThreads } = JSON.parse(stdout) as Printed
    expect(backend).toBe('wasm')
    recordDevice(`${device} (${name})`)
    const wanted = expected(compileOne(spec), sizes, inputs)
    expect(relativeError(out, wanted)).toBeLessThan(1e-5)
    expect(onThreads).toBe(true)
    const last = [297, 298, 299].flatMap((row) =>
      [0, 1].flatMap((head) => [...wanted.subarray((300 * head + row) * 64, (300 * head + row + 1) * 64)]),
    )
    expect(relativeError(steps.flat(), last)).toBeLessThan(1e-5)
  })
})
