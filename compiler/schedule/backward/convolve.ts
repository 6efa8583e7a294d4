/** The adjoint of a convolution over values: the same filter, turned round, over the cotangents. */
import type { Convolve } from '../../algebra/attention.ts'
import { add, all, ge, load, lt, mul, over, size, sub } from '../equation/build.ts'
import type { Contribution, Entry } from './adjoint.ts'

/** What the values get; the rows to which it was added get the cotangents as they are. */
export function valuesOfConvolution({ filter, values }: Convolve, cotangent: Entry): Contribution {
  const { width, weight } = filter
  const half = (width - 1) / 2
  const entry: Entry = (head, row, column) => {
    // Row i meets tap t at the value i + t − half. Counted from `half` rows before the first, to stay above zero.
    const behind = add(row, half)
    const [total] = over(
      't',
      width,
      (t) => [
        {
          name: 'convolved',
          operator: 'sum',
          value: mul(load(weight, add(mul(head.number, width), t)), cotangent(head, sub(behind, t), column)),
        },
      ],
      (t) => all(ge(behind, t), lt(behind, add(size('length'), t))),
    )
    return total as ReturnType<Entry>
  }
  return { to: values, over: 'sliceQueryHead', entry }
}
