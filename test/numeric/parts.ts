// Rows out of the middle of a call's tensors, as a prefix and its tokens are given.
import type { Built } from '../../compiler/pipeline.ts'
import type { Sizes, Tensors } from './harness.ts'

/** Rows `from` … `to` of every [length, width] matrix of a tensor. */
export function rows(
  tensor: ArrayLike<number>,
  length: number,
  width: number,
  from: number,
  to: number,
): Float32Array<ArrayBuffer> {
  const matrices = tensor.length / (length * width)
  const part = new Float32Array(matrices * (to - from) * width)
  for (let matrix = 0; matrix < matrices; matrix++)
    for (let n = 0; n < (to - from) * width; n++)
      part[matrix * (to - from) * width + n] = tensor[(matrix * length + from) * width + n] as number
  return part
}

/** The rows of a call whose sides are equally long, by the first and the one behind the last. */
export const partsOf =
  (
    { model: { dim, valueDim, inputs: plans = [] } }: Built,
    { length }: Sizes,
    { q, k, v, inputs }: Tensors,
  ) =>
  (from: number, to: number): Tensors => ({
    q: rows(q, length, dim, from, to),
    k: rows(k, length, dim, from, to),
    v: rows(v, length, valueDim, from, to),
    ...(inputs && {
      inputs: Object.fromEntries(
        plans.map(({ name, shape }) => {
          const width = shape.reduce((product, size) => product * size, 1)
          return [name, rows(inputs[name] ?? [], length, width, from, to)]
        }),
      ),
    }),
  })
