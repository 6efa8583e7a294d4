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
const sizes = { heads: 2, length: 500 }
/** The rows that are computed one by one. */
const first = sizes.length - 3

interface Printed {
  readonly backend: string
  readonly device: string
  readonly out: readonly number[]
  /** Of each token, [heads, dim]. */
  readonly steps: readonly (readonly number[])[]
  /** How many workers computed a part of the last result on two threads. */
  readonly workers: number
  /** Whether one thread gives the bits of each of those results. */
  readonly same: boolean
}

let folder: ModuleFolder
const inputs = tensors(compileOne(spec), sizes, 3)

beforeAll(() => {
  folder = moduleFolder(compile(spec).modules.flatMap(({ files }) => files))
  writeFileSync(
    join(folder.path, 'use.js'),
    `import { layout } from './attnc-runtime/backends/wasm/layout.js'
    import { create } from './linear.js'
    const memories = []
    WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
      construct: (Memory, given) => memories[memories.push(new Memory(...given)) - 1],
    })
    const call = { ${spelt({ ...inputs, ...sizes })} }
    const attention = await create()
    const { backend, device } = attention
    const out = await attention.forward(call)
    const [two, one] = [await create({ backend, threads: 2 }), await create({ backend, threads: 1 })]
    const alone = await one.forward(call)
    // Each thread writes its table when it takes workgroups; the first is the main thread's.
    const table = () =>
      new Int32Array(memories[0].buffer, 4 * (layout.tables + layout.tableWords), layout.tableWords)
    let workers = 0
    let same = alone.every((x, n) => x === out[n])
    for (const end = Date.now() + 60_000; workers === 0 && Date.now() < end;) {
      table().fill(0)
      const shared = await two.forward(call)
      same &&= alone.every((x, n) => x === shared[n])
      workers = Number(table().some(Boolean))
    }
    const rows = (tensor, from, to) => Float32Array.from([0, 1].flatMap((head) =>
      [...tensor.subarray((${sizes.length} * head + from) * 64, (${sizes.length} * head + to) * 64)]))
    const part = (from, to) => ({ q: rows(call.q, from, to), k: rows(call.k, from, to), v: rows(call.v, from, to) })
    const { state } = await attention.prefill({ ...part(0, ${first}), length: ${first}, heads: 2 })
    const steps = []
    for (let row = ${first}; row < ${sizes.length}; row++)
      steps.push([...(await attention.step(state, part(row, row + 1)))])
    state.destroy()
    for (const made of [attention, two, one]) made.destroy()
    console.log(JSON.stringify({ backend, device, out: [...out], steps, workers, same }))`,
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
        timeout: 300_000,
      },
    )
    const { backend, device, out, steps, workers, same } = JSON.parse(stdout) as Printed
    expect(backend).toBe('wasm')
    recordDevice(`${device} (${name})`)
    const wanted = expected(compileOne(spec), sizes, inputs)
    expect(relativeError(out, wanted)).toBeLessThan(1e-5)
    expect({ workers, same }).toEqual({ workers: 1, same: true })
    const last = [0, 1, 2].flatMap((step) =>
      [0, 1].flatMap((head) => {
        const row = sizes.length * head + first + step
        return [...wanted.subarray(row * 64, (row + 1) * 64)]
      }),
    )
    expect(relativeError(steps.flat(), last)).toBeLessThan(1e-5)
  })
})
