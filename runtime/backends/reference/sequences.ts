/** The state of an attention that is computed from its whole sequences: every row of each tensor so far, by name. */
import type { StateSizes } from '../../arguments/decoding.ts'
import type { AttentionState, SavedState } from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { Carried } from '../../calls/carried.ts'
import { headsOf } from '../../contract/tensors.ts'
import type { TensorPlan } from '../../contract/tensors.ts'
import type { Program } from '../../program.ts'
import { markOf } from '../../projection/fingerprint.ts'

/** A tensor of which a sequence has rows. */
export interface RowTensor {
  readonly name: string
  readonly heads: number
  readonly width: number
}

/** Of one batch item: [heads, position, width] by name. */
export interface Sequence {
  readonly position: number
  readonly rows: Readonly<Record<string, Float32Array>>
}

/** The tensors that a call of a program has rows of: q, k, v and inputs. */
export function rowTensors(
  { dim, valueDim, tensors = [] }: Program,
  sizes: StateSizes,
): readonly RowTensor[] {
  const { heads, kvHeads, valueHeads = kvHeads } = sizes
  const widthOf = ({ shape }: TensorPlan): number => shape.reduce((product, size) => product * size, 1)
  return [
    { name: 'q', heads, width: dim },
    { name: 'k', heads: kvHeads, width: dim },
    { name: 'v', heads: valueHeads, width: valueDim },
    ...tensors
      .filter(({ role }) => role === 'input')
      .map((plan) => ({ name: plan.name, heads: headsOf(plan.heads, sizes), width: widthOf(plan) })),
  ]
}

export class Sequences extends Carried<readonly Sequence[], Drawn> implements AttentionState {
  readonly sizes: StateSizes
  readonly tensors: readonly RowTensor[]

  constructor(drawn: Drawn, sizes: StateSizes, tensors: readonly RowTensor[], items: readonly Sequence[]) {
    super(drawn, items)
    this.sizes = sizes
    this.tensors = tensors
  }

  get positions(): readonly number[] {
    return this.contents.map(({ position }) => position)
  }

  /** Takes the place of what there was; sequences are replaced, never written to, so that states may share them. */
  become(items: readonly Sequence[]): void {
    this.contents = items
  }

  copy(): Sequences {
    return new Sequences(this.maker, this.sizes, this.tensors, this.contents)
  }

  async save(): Promise<SavedState> {
    const { contents: items, position, positions, sizes, tensors } = this
    /** [B, heads, position, width], zeros where an item has fewer. */
    const all = ({ name, heads, width }: RowTensor): Float32Array => {
      const whole = new Float32Array(items.length * heads * position * width)
      items.forEach(({ position: own, rows }, item) => {
        for (let head = 0; head < heads; head++)
          whole.set(
            rows[name]?.subarray(head * own * width, (head + 1) * own * width) ?? [],
            (item * heads + head) * position * width,
          )
      })
      return whole
    }
    return {
      name: this.maker.name,
      position,
      positions,
      ...sizes,
      capacity: Math.max(1, position),
      ...markOf(this.maker),
      tensors: Object.fromEntries(tensors.map((tensor) => [tensor.name, all(tensor)])),
    }
  }
}

/** The first `count` rows of one batch item of [B, heads, length, width]. */
export function sequenceOf(
  tensors: readonly RowTensor[],
  values: Readonly<Record<string, Float32Array>>,
  item: number,
  length: number,
  count: number,
): Sequence {
  const rows = tensors.map(({ name, heads, width }) => {
    const part = new Float32Array(heads * count * width)
    for (let head = 0; head < heads; head++) {
      const start = (item * heads + head) * length * width
      part.set(values[name]?.subarray(start, start + count * width) ?? [], head * count * width)
    }
    return [name, part] as const
  })
  return { position: count, rows: Object.fromEntries(rows) }
}

/** One sequence behind another. */
export function joined(tensors: readonly RowTensor[], first: Sequence, second: Sequence): Sequence {
  const position = first.position + second.position
  const rows = tensors.map(({ name, heads, width }) => {
    const whole = new Float32Array(heads * position * width)
    let at = 0
    for (let head = 0; head < heads; head++)
      for (const { position: own, rows } of [first, second]) {
        whole.set(rows[name]?.subarray(head * own * width, (head + 1) * own * width) ?? [], at)
        at += own * width
      }
    return [name, whole] as const
  })
  return { position, rows: Object.fromEntries(rows) }
}
