/** A weight beside those of keys, in kernels: what it adds to the denominators of the rows of a workgroup's head. */
import type { OnlinePass } from '../../schedule/schedule.ts'
import { largestExponent } from '../../symbolic/single.ts'
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import type { Value } from '../kernel.ts'
import { owner } from './frame.ts'
import type { Frame } from './frame.ts'
import { evaluatePairs } from './pairs.ts'
import type { Entry } from './pairs.ts'
import { namedTables } from './tables.ts'

/** A row's denominator and the weight, over 2^scale where there is a scale; of four rows, or of one. */
export type AddBeside = (total: Value, scale: Value | undefined) => Value

/** Computes the weight's logarithm; returns what adds it to denominators, where the pass has one. */
export function declareBeside(k: Author, pass: OnlinePass, binding: Frame['binding']): AddBeside | undefined {
  const { beside } = pass
  if (beside === undefined) return undefined
  const tablesOf = (tables: OnlinePass['tables']): ReturnType<typeof namedTables> =>
    namedTables(tables, pass, binding, () => ir.u32(0))
  const everywhere = (value: Value): Entry => ({ extent: 'all', value })
  const numbers = Object.entries(tablesOf(beside.numbers)).map(
    ([name, { load }]) => [name, everywhere(load(0, ir.u32(0)))] as const,
  )
  const { statements, value } = evaluatePairs([beside.exponent], {
    items: 1,
    rows: tablesOf(beside.vectors),
    scalars: {
      head: everywhere(ir.convert('f32', ir.mod(owner.queryHead, ir.shape('heads')))),
      heads: everywhere(ir.convert('f32', ir.shape('heads'))),
      ...Object.fromEntries(numbers),
    },
    prefix: 'beside',
  })
  k.use(statements)
  const binary = k.let('beside', ir.mul(value(0, 0), 1 / Math.LN2))
  return (total, scale) => {
    const own = ir.typeOf(total) === 'vec4f' ? ir.splat(binary) : binary
    const exponent = scale === undefined ? own : ir.sub(own, scale)
    return ir.add(total, ir.call('exp2', ir.call('min', exponent, largestExponent)))
  }
}
