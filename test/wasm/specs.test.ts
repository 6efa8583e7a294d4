// Every spec on the backend wasm: against float64, and in the same bits on one thread and on two.
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { layout } from '../../runtime/backends/wasm/layout.ts'
import { leaveMachine, takeMachine } from '../../runtime/backends/wasm/machine.ts'
import { Paces } from '../../runtime/backends/wasm/paces.ts'
import { lengthsOf } from '../cells/lengths.ts'
import { compileFor, expected, full, relativeError, tensors, weightsFor } from '../numeric/harness.ts'
import { bitsOf } from '../numeric/compare.ts'
import { sized, specs } from '../numeric/small-specs.ts'
import { createAttention } from '../../runtime/index.ts'
import { onWasm } from './harness.ts'
import { bothShapes, deviationOf } from '../cells/spec-calls.ts'

// The worker lives for the whole file, and takes part in calls that are too short to pay for it.
const machine = takeMachine()
const wakes = (): number => machine.heap.words[layout.lists] ?? 0
beforeAll(async () => {
  vi.spyOn(Paces.prototype, 'threadsFor').mockReturnValue(2)
  const { program } = compileFor('wasm', sized('softmax'))
  using attention = await createAttention(program, { threads: 2 })
  const length = 64
  const [q, v] = [new Float32Array(program.dim * 4 * length), new Float32Array(program.valueDim * 4 * length)]
  while (wakes() === 0) {
    await attention.forward({ q, k: q, v, length, heads: 4 })
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
})
afterAll(() => leaveMachine(machine))

it.each(specs)('%s', async (name) => {
  const built = compileFor('wasm', sized(name))
  const same = built.schedule.causal || built.program.keysAreQueries === true
  for (const sizes of bothShapes(same)) {
    const inputs = tensors(built, sizes, 3, deviationOf(name))
    const weights = weightsFor(built, sizes)
    const call = { ...inputs, ...full(sizes), ...lengthsOf(sizes) }
    using alone = await onWasm(built, 1, weights)
    const out = await alone.forward(call)
    const wanted = expected(built, sizes, inputs, alone.projection, weights)
    expect(relativeError(out, wanted)).toBeLessThan(2e-5)
    using together = await onWasm(built, 2, weights)
    const before = wakes()
    for (let time = 0; time < 3; time++) expect(bitsOf(await together.forward(call))).toEqual(bitsOf(out))
    // Two heads of few rows may be one workgroup, which wakes none.
    expect(wakes() - before).toBeGreaterThanOrEqual(sizes.batch === 2 ? 3 : 0)
  }
})
