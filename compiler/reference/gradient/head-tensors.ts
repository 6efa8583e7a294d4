/** The tensors of a call as one head sees them: their rows as leaves of its tape, and where their gradients go. */
import { toNumber } from '../../symbolic/extended.ts'
import type { Extended } from '../../symbolic/extended.ts'
import { drawnLaw, keysAreQueries, weightsOf } from '../../semantics/model.ts'
import type { AttentionModel } from '../../semantics/model.ts'
import { queryRowsOf } from '../../../runtime/contract/query-lengths.ts'
import type { WeightName } from '../../../runtime/contract/weights.ts'
import { rowsOf } from '../inputs.ts'
import { HeadData } from '../data.ts'
import { projectionRows, sinkOf } from '../reference.ts'
import type { HeadLeaves } from './head.ts'
import type { GradientInputs } from './inputs.ts'
import type { Tape, Traced } from './tape.ts'

/** Any tensor that a gradient belongs to. */
export type TensorName = 'q' | 'k' | 'v' | 'projection' | WeightName

/** Where the rows of a leaf lie in their tensor. */
interface Origin {
  readonly name: TensorName
  readonly leaf: Traced
  /** Entries of the tensor before the first row. */
  readonly start: number
  /** Entries of the whole tensor. */
  readonly total: number
}

export class HeadTensors implements HeadLeaves {
  readonly index: number
  readonly queries: number
  readonly q: Traced
  readonly k: Traced
  readonly v: Traced
  readonly projection: Traced
  readonly sink: Extended
  readonly weights: HeadLeaves['weights']
  readonly #tape: Tape
  readonly #inputs: GradientInputs
  readonly #origins: Origin[] = []

  constructor(
    tape: Tape,
    model: AttentionModel,
    inputs: GradientInputs,
    { item, head }: { readonly item: number; readonly head: number },
  ) {
    this.#tape = tape
    this.#inputs = inputs
    const { heads, kvHeads, length, keyLength } = inputs
    const { dim, valueDim } = model
    const key = item * kvHeads + Math.floor((head * kvHeads) / heads)
    this.index = head
    this.queries = queryRowsOf(inputs, item)
    const present = inputs.lengths?.[item] ?? keyLength
    const shared = keysAreQueries(model)
    const visible = shared ? Math.min(present, this.queries) : present
    this.q = this.#leaf('q', item * heads + head, { height: length, width: dim })
    this.k = this.#leaf('k', key, { height: keyLength, width: dim, count: shared ? 0 : visible })
    this.v = this.#leaf('v', key, { height: keyLength, width: valueDim, count: visible })
    this.projection = this.#projection(model)
    this.sink = sinkOf(model, new HeadData(model, inputs, item, head))
    this.weights = Object.fromEntries(
      weightsOf(model).flatMap(({ name, shape }) => {
        const tensor = inputs[name]
        if (tensor === undefined) return []
        const height = shape.length === 1 ? 1 : Number(shape[0])
        const width = tensor.length / (heads * height)
        return [[name, this.#leaf(name, head, { height, width })] as const]
      }),
    )
  }

  /** Adds the cotangents of the leaves to the gradients of whole tensors, which are zeros where they are missing. */
  gather(gradients: Map<TensorName, Float64Array>): void {
    for (const { name, leaf, start, total } of this.#origins) {
      const { cotangent, columns } = leaf
      if (cotangent === undefined) continue
      const gradient = gradients.get(name) ?? new Float64Array(total)
      gradients.set(name, gradient)
      for (const row of leaf.rows.keys()) {
        const terms = cotangent.row(row)
        for (let column = 0; column < columns; column++) {
          const place = start + row * columns + column
          gradient[place] = (gradient[place] ?? 0) + toNumber(terms.at(column))
        }
      }
    }
  }

  /** `count` rows from the start of matrix `index` of a tensor whose matrices are [height, width]. */
  #leaf(
    name: Exclude<TensorName, 'projection'>,
    index: number,
    {
      height,
      width,
      count = height,
    }: { readonly height: number; readonly width: number; readonly count?: number },
  ): Traced {
    const { wrt = [], [name]: tensor = new Float64Array() } = this.#inputs
    const wanted = name === 'q' || name === 'k' || name === 'v' || wrt.includes('weights')
    const leaf = this.#tape.leaf(rowsOf(tensor, index, height, width, count), width, wanted)
    this.#origins.push({ name, leaf, start: index * height * width, total: tensor.length })
    return leaf
  }

  #projection(model: AttentionModel): Traced {
    const law = drawnLaw(model)
    const [rows, dim] = law === undefined ? [0, 0] : [law.rows, law.dim]
    const wanted = this.#inputs.wrt?.includes('projection') === true
    const leaf = this.#tape.leaf(projectionRows(model, this.#inputs), dim, wanted)
    this.#origins.push({ name: 'projection', leaf, start: 0, total: rows * dim })
    return leaf
  }
}
