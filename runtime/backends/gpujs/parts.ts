/** Parts of a call: what they are given, and where in the whole their outputs belong. */
import { isFloat32Array } from '../../arguments/describe.ts'
import type { CallSizes } from '../../arguments/sizes.ts'
import { declaredBuffer, headsOf } from '../../contract/tensors.ts'
import type { TensorPlan } from '../../contract/tensors.ts'
import type { Inputs } from './inputs.ts'

/** So many, one after the other. */
export interface Stretch {
  readonly first: number
  readonly size: number
}

/** Outputs by name. */
export type Outputs = ReadonlyMap<string, Float32Array>

/** [heads, rows, width] each; heads are counted through all batch items. */
export interface OutputPart {
  readonly heads: Stretch
  readonly rows: Stretch
  readonly outputs: Promise<Outputs>
}

/** A count in stretches of at most `most`. */
export const stretches = (count: number, most: number): Stretch[] =>
  Array.from({ length: Math.ceil(count / most) }, (_, index) => ({
    first: index * most,
    size: Math.min(most, count - index * most),
  }))

export function itemsOf(
  { sizes, tensors, lengths, queryLengths }: Inputs,
  first: number,
  count: number,
): Inputs {
  const { batch } = sizes
  const end = first + count
  const part = (numbers: Float32Array): Float32Array =>
    numbers.subarray((numbers.length / batch) * first, (numbers.length / batch) * end)
  return {
    sizes: { ...sizes, batch: count },
    tensors: new Map(
      [...tensors].map(([name, tensor]) => [name, isFloat32Array(tensor) ? part(tensor) : tensor]),
    ),
    lengths: lengths?.subarray(first, end),
    queryLengths: queryLengths?.subarray(first, end),
  }
}

/** Tensors that a file declares. */
export type Declared = readonly TensorPlan[] | undefined

const planOf = (declared: Declared = [], buffer: string): TensorPlan | undefined =>
  declared.find((plan) => declaredBuffer(plan) === buffer)

/** A block of query rows, which may see any key. */
export function queryRowsOf(inputs: Inputs, block: Stretch, declared: Declared): Inputs {
  const { sizes, tensors } = inputs
  const rowsIn = (name: string, tensor: Float32Array): Float32Array => {
    const plan = planOf(declared, name)
    if (name !== 'q' && plan?.rows !== 'length') return tensor
    return blockOf(tensor, sizes.batch * headsOf(plan?.heads ?? 'heads', sizes), sizes.length, block)
  }
  return {
    ...inputs,
    sizes: { ...sizes, length: block.size, offset: sizes.offset + block.first },
    tensors: new Map([...tensors].map(([name, tensor]) => [name, rowsIn(name, tensor)])),
  }
}

/** A block of new rows, of queries, keys and values alike. */
export function newRowsOf(inputs: Inputs, block: Stretch, declared: Declared): Inputs {
  const { sizes, tensors, positions } = inputs
  const { batch, length } = sizes
  const headsIn = (name: string): number =>
    headsOf(planOf(declared, name)?.heads ?? (name === 'q' ? 'heads' : 'kvHeads'), sizes)
  return {
    ...inputs,
    ...(positions && { positions: positions.map((position) => position + block.first) }),
    sizes: { ...sizes, length: block.size, keyLength: block.size, offset: sizes.offset + block.first },
    tensors: new Map(
      [...tensors].map(([name, tensor]) => [
        name,
        isFloat32Array(tensor) ? blockOf(tensor, batch * headsIn(name), length, block) : tensor,
      ]),
    ),
  }
}

/** The same rows of each head, one head behind the other. */
function blockOf(
  numbers: Float32Array,
  heads: number,
  length: number,
  { first, size }: Stretch,
): Float32Array {
  const width = numbers.length / (heads * length)
  const block = new Float32Array(heads * size * width)
  for (let head = 0; head < heads; head++) {
    const from = (head * length + first) * width
    block.set(numbers.subarray(from, from + size * width), head * size * width)
  }
  return block
}

/**
 * The outputs of parts in their places.
 *
 * @param totals names of those that parts add up, in their order
 */
export async function together(
  { batch, heads, length }: CallSizes,
  parts: readonly OutputPart[],
  totals: ReadonlySet<string>,
): Promise<Outputs> {
  const whole = new Map<string, Float32Array>()
  const place = ({ outputs, ...part }: Omit<OutputPart, 'outputs'> & { readonly outputs: Outputs }): void => {
    for (const [name, numbers] of outputs) {
      if (totals.has(name)) {
        const before = whole.get(name)
        whole.set(
          name,
          before === undefined ? numbers : before.map((number, n) => number + (numbers[n] ?? 0)),
        )
        continue
      }
      const perHead = numbers.length / part.heads.size
      if (part.rows.size === length) {
        // Of the rows of keys there may be another number, and of their heads.
        const into = whole.get(name) ?? new Float32Array(batch * heads * perHead)
        whole.set(name, into)
        into.set(numbers, part.heads.first * perHead)
        continue
      }
      const width = perHead / part.rows.size
      const into = whole.get(name) ?? new Float32Array(batch * heads * length * width)
      whole.set(name, into)
      for (let head = 0; head < part.heads.size; head++) {
        const at = ((part.heads.first + head) * length + part.rows.first) * width
        into.set(numbers.subarray(head * perHead, (head + 1) * perHead), at)
      }
    }
  }
  const outputs = await Promise.all(parts.map((part) => part.outputs))
  for (const [n, part] of parts.entries()) place({ ...part, outputs: outputs[n] ?? new Map() })
  return whole
}
