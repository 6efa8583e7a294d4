// Every spec on the backend wasm: against float64, and in the same bits on one thread and on two.
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { layout } from '../../runtime/backends/wasm/layout.ts'
import { leaveMachine, takeMachine } from '../../runtime/backends/wasm/machine.ts'
import { Paces } from '../../runtime/backends/wasm/paces.ts'
import { lengthsOf } from '../cells/lengths.ts'
import { weightsFor } from '../cells/harness.ts'
import { expected, full, relativeError, tensors } from '../numeric/harness.ts'
import type { Sizes } from '../numeric/harness.ts'
import { bitsOf } from '../numeric/compare.ts'
import { sized, specs } from '../numeric/small-specs.ts'
import { createAttention } from '../../runtime/index.ts'
import { compileWasm, onWasm } from './harness.ts'

// The worker lives for the whole file, and takes part in calls that are too short to pay for it.
const machine = takeMachine()
const wakes = (): number => machine.heap.words[layout.lists] ?? 0
beforeAll(async () => {
  vi.spyOn(Paces.prototype, 'threadsFor').mockReturnValue(2)
  const { program } = compileWasm(sized('softmax'))
  using attention = await createAttention(program, { threads: 2 })
  const length = 64
  const [q, v] = [new Float32Array(program.dim * 4 * length), new Float32Array(program.valueDim * 4 * length)]
  while (wakes() === 0) {
    await attention.forward({ q, k: q, v, length, heads: 4 })
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
})
afterAll(() => leaveMachine(machine))

/** A denominator that is an estimate may come near 0 where rows are long. */
const deviationOf = (name: string): number => (name === 'performer_trigonometric' ? 0.5 : 1)

const shapes = (causal: boolean): readonly Sizes[] => [
  {
    length: 67,
    keyLength: causal ? 67 : 45,
    heads: 4,
    kvHeads: 2,
    batch: 2,
    lengths: [40, causal ? 66 : 45],
  },
  { length: 5, heads: 2, keyLength: causal ? 5 : 9 },
]

it.each(specs)('%s', async (name) => {
  const built = compileWasm(sized(name))
  const same = built.schedule.causal || built.program.keysAreQueries === true
  for (const sizes of shapes(same)) {
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
