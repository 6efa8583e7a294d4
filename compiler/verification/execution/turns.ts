/** Prompts of unequal length at once, then a token of each batch item at a time. */
import type { TensorPlan } from '../../../runtime/contract/tensors.ts'
import { changeRows } from '../cases/rows.ts'
import type { Call } from './executor.ts'

/** Of a batch item, the rows that one call has. */
type Turn = readonly number[]

export interface Turns {
  /** The declared inputs, which each call has of its own rows. */
  readonly inputs?: readonly TensorPlan[] | undefined
  /** With `lengths`; rows past them are those that come as tokens later. */
  readonly prompt: (call: Call) => Float32Array | Promise<Float32Array>
  /** @param positions of the tokens, of each batch item */
  readonly token: (call: Call, positions: readonly number[]) => Float32Array | Promise<Float32Array>
}

/** A call that is made in turns, with the declared inputs that go with its rows. */
export interface Sequence extends Pick<Turns, 'inputs'> {
  readonly call: Call
  /** Of each batch item, the rows of its prompt. */
  readonly prefixes: readonly number[]
}

/** The rows of the whole call, [batch, heads, length, valueDim]. Items that are done go on with their last row. */
export async function inTurns(
  call: Call,
  prefixes: readonly number[],
  { inputs, prompt, token }: Turns,
): Promise<Float32Array> {
  const { batch, heads, length } = call
  const longest = Math.max(...prefixes)
  const all = prefixes.map(() => Array.from({ length: longest }, (_, row) => row))
  const first = await prompt({ ...callOf(call, inputs, all), lengths: prefixes })
  const width = first.length / (batch * heads * longest)
  const whole = new Float32Array(batch * heads * length * width)
  place(whole, first, all, heads, length)
  for (let step = 0; step < length - Math.min(...prefixes); step++) {
    const positions = prefixes.map((prefix) => prefix + step)
    const rows = positions.map((position) => [Math.min(position, length - 1)])
    const out = await token(callOf(call, inputs, rows), positions)
    place(whole, out, rows, heads, length, (item) => (positions[item] ?? 0) < length)
  }
  return whole
}

/** These rows as a call of their own. */
function callOf(call: Call, inputs: Turns['inputs'], turns: readonly Turn[]): Call {
  const count = turns[0]?.length ?? 0
  const chosen = changeRows(call, inputs, (tensor, { heads, rows, width }) => {
    const part = new Float32Array(call.batch * heads * count * width)
    turns.forEach((turn, item) => {
      for (let head = item * heads; head < (item + 1) * heads; head++)
        turn.forEach((row, n) => {
          const from = (head * rows + row) * width
          part.set(tensor.subarray(from, from + width), (head * count + n) * width)
        })
    })
    return part
  })
  return { ...chosen, length: count, keyLength: count }
}

function place(
  whole: Float32Array,
  out: Float32Array,
  turns: readonly Turn[],
  heads: number,
  length: number,
  wanted: (item: number) => boolean = () => true,
): void {
  const width = whole.length / (turns.length * heads * length)
  turns.forEach((turn, item) => {
    if (!wanted(item)) return
    for (let head = item * heads; head < (item + 1) * heads; head++)
      turn.forEach((row, n) => {
        const from = (head * turn.length + n) * width
        whole.set(out.subarray(from, from + width), (head * length + row) * width)
      })
  })
}
