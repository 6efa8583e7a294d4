/**
 * Calls on the host whose heads are inside rows, for kernels to which they are apart. Loaded with the first of them;
 * what is wrong with a call is left to whoever checks it.
 */
import { isFloat32Array } from '../arguments/describe.ts'
import type { Drawn } from '../base-attention.ts'
import { headsOf, outputHeads } from '../contract/tensors.ts'
import type { HeadCounts, TensorPlan } from '../contract/tensors.ts'

/** Heads and rows of the tensors of calls and of results, by name. */
const axes = {
  q: ['heads', 'length'],
  k: ['kvHeads', 'keyLength'],
  v: ['valueHeads', 'keyLength'],
  out: ['outputHeads', 'length'],
  lse: ['outputHeads', 'length'],
  dout: ['outputHeads', 'length'],
  dq: ['heads', 'length'],
  dk: ['kvHeads', 'keyLength'],
  dv: ['valueHeads', 'keyLength'],
} as const

/** Members that take whole sequences. */
export type Member = 'forward' | 'prefill' | 'backward'

/** What runs such calls with heads apart, with the projection that it had when they were made. */
type Runs<M extends Member> = Readonly<Record<M, (call: never, drawn: Drawn) => Promise<unknown>>>

/** The result of a call, heads inside its rows as in the call's own. */
export async function apart<M extends Member>(
  runs: Runs<M>,
  member: M,
  call: object | undefined,
  drawn: Drawn,
  tensors: readonly TensorPlan[] = [],
): Promise<unknown> {
  const given = { ...call, layout: undefined } as Readonly<Record<string, unknown>>
  // A call that goes on from a state may leave it to say its sizes.
  const { sizes: own } = Object(given['state']) as { readonly sizes?: object }
  const all: Readonly<Record<string, unknown>> = { ...own, ...said(given) }
  const { batch = 1, length, keyLength = length, heads = 1, kvHeads = heads, valueHeads = kvHeads } = all
  const counts = { heads, kvHeads, valueHeads } as Readonly<
    Record<keyof HeadCounts & `${string}eads`, number>
  >
  const sizes = { batch, length, keyLength, ...counts, outputHeads: outputHeads(counts) } as Readonly<
    Record<string, number>
  >
  /** The tensors among some values by name, with the first of their two axes outside of the second. */
  const turned = (values: Readonly<Record<string, unknown>>, back: boolean): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => {
        if (!(name in axes) || !isFloat32Array(value)) return [name, value]
        const [heads, rows] = axes[name as keyof typeof axes].map((axis) => sizes[axis]) as [number, number]
        const counts = back ? ([heads, rows] as const) : ([rows, heads] as const)
        return [name, turn(value, batch as number, ...counts)]
      }),
    )
  /** Those of the call's inputs that have heads, likewise. */
  const inputs = Object.fromEntries(
    Object.entries((given['inputs'] ?? {}) as Readonly<Record<string, unknown>>).map(([name, value]) => {
      const { heads, rows } = tensors.find((plan) => plan.name === name) ?? {}
      if (heads === undefined || heads === 'shared' || rows === undefined || !ArrayBuffer.isView(value))
        return [name, value]
      return [name, turn(value as Float32Array, batch as number, sizes[rows] ?? 0, headsOf(heads, counts))]
    }),
  )
  const apart = { ...turned(given, false), ...(given['inputs'] !== undefined && { inputs }) }
  const result = await runs[member](apart as never, drawn)
  if (isFloat32Array(result)) return turned({ out: result }, true)['out']
  return turned(result as Readonly<Record<string, unknown>>, true)
}

/** Members that have a value. */
const said = (given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))

/** [batch, first, second, width] as [batch, second, first, width]; as it is where it has no such count, which is refused. */
export function turn(tensor: Float32Array, batch: number, first: number, second: number): Float32Array {
  const width = tensor.length / (batch * first * second)
  if (!Number.isInteger(width)) return tensor
  const result = new Float32Array(tensor.length)
  let from = 0
  for (let item = 0; item < batch; item++)
    for (let one = 0; one < first; one++)
      for (let other = 0; other < second; other++) {
        const to = ((item * second + other) * first + one) * width
        for (let entry = 0; entry < width; entry++) result[to + entry] = tensor[from++] ?? 0
      }
  return result
}
