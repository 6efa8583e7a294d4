// A call of a spec with everything that it declares, and the parts of it that a transcription takes.
import { reference } from '../../../compiler/index.ts'
import type { ReferenceInputs } from '../../../compiler/index.ts'
import { understand } from '../../../compiler/pipeline.ts'
import { declaredTensors } from '../../../compiler/semantics/model.ts'
import type { AttentionModel } from '../../../compiler/semantics/model.ts'
import type { TensorPlan } from '../../../runtime/contract/tensors.ts'
import type { Row } from './rows.ts'

interface Sizes {
  readonly batch: number
  readonly heads: number
  readonly kvHeads: number
  readonly valueHeads: number
  readonly length: number
}

export interface PublishedCall {
  readonly model: AttentionModel
  readonly inputs: ReferenceInputs
  /** Rows of q, k, v or an input of a head. */
  readonly rows: (name: string, item: number, head: number) => readonly Row[]
  /** Of a scalar input, its numbers. */
  readonly numbers: (name: string, item: number, head: number) => Row
  /** A weight of a head. */
  readonly weight: (name: string, head: number) => Row
  readonly out: readonly number[]
  readonly state: Float64Array
}

/** Normal-ish numbers, the same for the same seed. */
export function draw(count: number, seed: number, deviation = 1): Float32Array {
  let at = seed * 7919 + 17
  const next = (): number => {
    at = (at * 1664525 + 1013904223) % 2 ** 32
    return at / 2 ** 32
  }
  return Float32Array.from({ length: count }, () => deviation * (next() + next() + next() + next() - 2) * 1.7)
}

const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1)

/** @param whole the text of a spec @param integers of inputs of integers, by row and name */
export function published(
  text: string,
  sizes: Sizes,
  integers: (row: number, name: string) => number = () => 0,
): PublishedCall {
  const { checked, diagnostics } = understand({ file: 'a.attn', text })
  const [model] = checked.attentions
  if (model === undefined) throw new Error(JSON.stringify(diagnostics))
  const { batch, heads, kvHeads, valueHeads, length } = sizes
  const { dim, valueDim } = model
  const all = Math.max(heads, kvHeads, valueHeads)
  const counts = { heads, kvHeads, valueHeads, outputHeads: all, shared: 1 }
  const plans = declaredTensors(model).filter(({ optional }) => optional !== true)
  const sizeOf = ({ role, heads, shape }: TensorPlan): number =>
    product([...(role === 'input' ? [batch, length] : []), counts[heads], ...shape])
  const made = plans.map((plan, n): readonly [TensorPlan, Float32Array] => [
    plan,
    plan.element === 'integer'
      ? Float32Array.from({ length: sizeOf(plan) }, (_, row) => integers(row % length, plan.name))
      : draw(sizeOf(plan), 10 + n, plan.shape.length === 2 ? 0.5 : 1),
  ])
  const of = (role: TensorPlan['role']) =>
    Object.fromEntries(made.flatMap(([plan, data]) => (plan.role === role ? [[plan.name, data]] : [])))
  const [q, k, v] = [
    draw(batch * heads * length * dim, 1),
    draw(batch * kvHeads * length * dim, 2),
    draw(batch * valueHeads * length * valueDim, 3),
  ]
  const features = model.feature?.features ?? 0
  const state = new Float64Array(batch * all * features * valueDim)
  const inputs: ReferenceInputs = {
    q,
    k,
    v,
    ...sizes,
    keyLength: length,
    finalState: state,
    inputs: of('input'),
    weights: of('weight'),
  }
  const out = reference(text, model.name)(inputs)
  const own = (head: number, count: number): number => Math.floor((head * count) / all)
  const flat = (
    name: string,
    item: number,
    head: number,
  ): { data: Float32Array; start: number; width: number } => {
    const rowsOf = { q: [q, heads, dim], k: [k, kvHeads, dim], v: [v, valueHeads, valueDim] } as const
    if (name === 'q' || name === 'k' || name === 'v') {
      const [data, count, width] = rowsOf[name]
      return { data, start: (item * count + own(head, count)) * length * width, width }
    }
    const [plan, data] = made.find(([{ name: one }]) => one === name)!
    const [count, width] = [counts[plan.heads], product(plan.shape)]
    if (plan.role === 'weight') return { data, start: own(head, count) * width, width }
    return { data, start: (item * count + own(head, count)) * length * width, width }
  }
  return {
    model,
    inputs,
    rows: (name, item, head) => {
      const { data, start, width } = flat(name, item, head)
      return Array.from({ length }, (_, t) => [...data.subarray(start + t * width, start + (t + 1) * width)])
    },
    numbers: (name, item, head) => {
      const { data, start } = flat(name, item, head)
      return [...data.subarray(start, start + length)]
    },
    weight: (name, head) => {
      const { data, start, width } = flat(name, 0, head)
      return [...data.subarray(start, start + width)]
    },
    out: [...out],
    state,
  }
}
