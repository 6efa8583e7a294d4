// The passes of exact attention in the papers' specs, by kernels of one thread: weights alone, parts, and what is added.
import { expect, test } from 'vitest'
import { lowerSequential } from '../../compiler/kernel/sequential/lower.ts'
import { schedule } from '../../compiler/schedule/build.ts'
import { sequentialPlanner } from '../../compiler/schedule/sequential/planner.ts'
import { checkPasses } from '../../compiler/verification/passes/check-passes.ts'
import { inTurns } from '../../compiler/verification/execution/turns.ts'
import { runPasses, shapeOf } from '../../compiler/verification/execution/run-passes.ts'
import { evaluateSize } from '../../runtime/contract/size.ts'
import { compileOne, expected, full, relativeError, tensors } from '../numeric/harness.ts'
import { sized } from '../numeric/small-specs.ts'

test.each(['linformer', 'nystromformer', 'proxyformer', 'bigbird', 'sliding_window'])('%s', (name) => {
  const { model, algebra } = compileOne(sized(name))
  const plan = schedule(algebra, sequentialPlanner)
  if ('unsupported' in plan) throw new Error(plan.unsupported)
  const kernels = lowerSequential(plan)
  expect(plan.passes.some((pass) => pass.kind === 'online' && pass.tile.threads === 1)).toBe(true)
  const stages = checkPasses({ model, algebra, schedule: plan, kernels }, { seed: 20, calls: 3 })
  expect(stages.map(({ wrong }) => wrong)).toEqual(stages.map(() => undefined))
})

const decodable: Readonly<Record<string, string>> = {
  softmax: 'kernel: exp(dot(q, k)) dim: 8 mask: causal scale: 1 / sqrt(dim)',
  'wide values': 'kernel: exp(dot(q, k)) dim: 5 value_dim: 39 mask: causal',
  'a polynomial': 'kernel: (1 + dot(q, k))^2 + 0.1 dim: 6 value_dim: 17 mask: causal scale: 1 / sqrt(dim)',
  'a Gaussian': 'kernel: exp(-dot(q - k, q - k) / 2) dim: 7 mask: causal normalize: none',
  'a factor that may be zero': 'kernel: relu(dot(q, k)) * exp(dot(q, k)) dim: 6 mask: causal',
}

test.each(Object.entries(decodable))('token by token, %s', async (_, settings) => {
  const built = compileOne(`attention a { ${settings} }`)
  const plan = schedule(built.algebra, sequentialPlanner)
  if ('unsupported' in plan || plan.decoding === undefined) throw new Error('no decoding')
  const sizes = { length: 70, batch: 2, heads: 2, kvHeads: 1 }
  const { prefill, step } = plan.decoding
  const [ofPrompt, ofToken] = [prefill, step].map((form) => ({
    schedule: form,
    kernels: lowerSequential(form),
  }))
  if (ofPrompt === undefined || ofToken === undefined) throw new Error('no decoding')
  const inputs = tensors(built, sizes, 1)
  const capacity = 2 * sizes.length
  let kept = {}
  const found = await inTurns({ ...full(sizes), ...inputs }, [66, 1], {
    prompt: (prompt) => {
      const shape = shapeOf(step, prompt, { capacity })
      const states = step.buffers
        .filter(({ role }) => role === 'state')
        .map(
          ({ name, size }) => [name, new Float32Array(evaluateSize(size, shape)).fill(Number.NaN)] as const,
        )
      kept = Object.fromEntries(states)
      return runPasses(ofPrompt, { call: prompt, kept, capacity })
    },
    token: (call, positions) =>
      runPasses(ofToken, { call, kept, positions, offset: Math.max(...positions), capacity }),
  })
  expect(relativeError(found, expected(built, sizes, inputs))).toBeLessThan(1e-5)
})
