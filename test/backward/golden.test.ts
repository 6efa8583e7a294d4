// The gradients of compiled attentions against what the published implementations computed.
import { describe, expect, test } from 'vitest'
import { createAttention } from '../../runtime/index.ts'
import type { Backend } from '../../runtime/index.ts'
import { goldenCases } from '../numeric/golden/cases.ts'
import { compileOne, relativeError } from '../numeric/harness.ts'
import { deviceNames, testDevice } from '../setup/test-devices.ts'

const cases = goldenCases().filter(({ gradients }) => gradients !== undefined)

describe.each(cases)('$name', (recorded) => {
  test.each<Backend>(['webgpu', 'wasm', 'gpujs'])('on %s', async (backend) => {
    const { batch, heads, kvHeads, length, keyLength, q, k, v, projection, gradients } = recorded
    const device = backend === 'webgpu' ? { device: await testDevice(deviceNames[0] ?? '') } : {}
    const { program } = compileOne(recorded.spec)
    const attention = await createAttention(program, {
      backend,
      ...device,
      ...(projection && { projection }),
    })
    const dout = Float32Array.from(gradients?.dout ?? [])
    const found = await attention.backward({ q, k, v, dout, batch, heads, kvHeads, length, keyLength })
    attention.destroy()
    for (const name of ['dq', 'dk', 'dv'] as const)
      expect(relativeError(found[name], gradients?.[name] ?? [])).toBeLessThan(1e-5)
  })
})
