// Generated calls on the interpreter of kernels: on the host, one thread after another, races found.
import { interpreterPlatform } from '../../compiler/verification/execution/interpreter.ts'
import type { Replacements } from '../../compiler/verification/execution/interpreter.ts'
import type { Executor as Platform } from '../../compiler/verification/execution/executor.ts'
import type { StepCall } from '../../runtime/index.ts'
import type { Call, Open } from './executors.ts'
import { weightsOf } from './tensors.ts'

/** @param replacements wrong stages in the place of right ones */
export const interpretedBy =
  (replacements: Replacements = {}): Open =>
  async (one, { model }) => {
    const opened = await interpreterPlatform(replacements).open(model, weightsOf(one))
    if ('unsupported' in opened) return undefined
    const { decode } = opened
    return {
      forward: async (call) => opened.forward(asPlain(call)),
      ...(decode && {
        decode: async (prompt: Call, steps: readonly StepCall<Float32Array>[]) =>
          oneByOne(decode, prompt, steps, model.valueDim),
      }),
      destroy: () => opened.destroy(),
    }
  }

type PlainCall = Parameters<Platform['forward']>[0]
type Decode = NonNullable<Platform['decode']>

const asPlain = ({ q, k, v, batch = 1, heads = 1, kvHeads = heads, length, ...counts }: Call): PlainCall => ({
  q,
  k,
  v,
  batch,
  heads,
  kvHeads,
  length,
  keyLength: counts.keyLength ?? length,
  ...(counts.lengths && { lengths: Array.from(counts.lengths as ArrayLike<number>) }),
  ...(counts.queryLengths && { queryLengths: Array.from(counts.queryLengths as ArrayLike<number>) }),
})

/** There a prompt and its steps are one sequence for each batch item; an item that is done goes on with zeros. */
async function oneByOne(
  decode: Decode,
  prompt: Call,
  steps: readonly StepCall<Float32Array>[],
  valueDim: number,
): Promise<Float32Array[]> {
  const call = asPlain(prompt)
  const { batch, heads, kvHeads, length } = call
  const prefixes = call.lengths ?? new Array<number>(batch).fill(length)
  if (Math.max(...prefixes) === 0) return []
  const total = length + steps.length
  const sequence = (name: 'q' | 'k' | 'v', heads: number): Float32Array => {
    const width = call[name].length / (batch * heads * length)
    const all = new Float32Array(batch * heads * total * width)
    prefixes.forEach((prefix, item) => {
      for (let head = item * heads; head < (item + 1) * heads; head++) {
        const start = head * length * width
        all.set(call[name].subarray(start, start + prefix * width), head * total * width)
        for (const [at, step] of steps.entries())
          all.set(step[name].subarray(head * width, (head + 1) * width), (head * total + prefix + at) * width)
      }
    })
    return all
  }
  const tensors = { q: sequence('q', heads), k: sequence('k', kvHeads), v: sequence('v', kvHeads) }
  const whole = await decode({ batch, heads, kvHeads, length: total, keyLength: total, ...tensors }, prefixes)
  const rows = (count: number, first: (item: number) => number): Float32Array => {
    const cut = new Float32Array(batch * heads * count * valueDim)
    for (let head = 0; head < batch * heads; head++) {
      const start = (head * total + first(Math.floor(head / heads))) * valueDim
      cut.set(whole.subarray(start, start + count * valueDim), head * count * valueDim)
    }
    return cut
  }
  return [
    rows(length, () => 0),
    ...Array.from(steps.keys(), (step) => rows(1, (item) => prefixes[item]! + step)),
  ]
}
