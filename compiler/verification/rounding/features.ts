/** Features of rows as |coefficient| and exponent, each with a bound on its f32 error. */
import type { Attention, FactorisedScore, FeatureBlock } from '../../algebra/attention.ts'
import { exponentialsOf, stabilized } from '../../schedule/maxima.ts'
import { type Bounded, boundedEvaluator, Bindings } from './bounded.ts'
import { unit } from '../../symbolic/single.ts'

/** φ of one row; feature f is within ±error of coefficient·exp(exponent). */
export interface BoundedFeatures {
  readonly coefficient: Float64Array
  readonly coefficientError: Float64Array
  readonly exponent: Float64Array
  readonly exponentError: Float64Array
}

/**
 * @param rows already multiplied by √scale
 * @param length how many of them count
 * @param wanted of them; a maximum that `stabilize: max` takes is over all rows all the same
 */
export function boundedFeatures(
  attention: Attention,
  score: FactorisedScore,
  side: 'query' | 'key',
  rows: readonly Float64Array[],
  projection: readonly Float64Array[],
  length: number,
  wanted: readonly number[] = rows.map((_, row) => row),
): BoundedFeatures[] {
  const bindings = new Bindings()
  const place = (x: Float64Array, position: number): void => {
    bindings.setRow('x', x, 2 * unit)
    bindings.setScalar('position', position)
    bindings.setScalar('length', length)
  }
  const overComponents = (block: FeatureBlock, visit: (component: number) => void): void => {
    for (let component = 0; component < block.size; component++) {
      const row = projection[component]
      if (score.projections !== undefined && row !== undefined) bindings.setRow('w', row)
      else bindings.setScalar('component', component)
      visit(component)
    }
  }

  const maxima =
    attention.stabilize.kind === 'max' ? rowMaxima(score, side, rows, bindings, place, overComponents) : []
  const overall = maxima.reduce<Bounded>(larger, { value: -Infinity, error: 0 })
  const blocks = score[side].map((block) => {
    const { coefficient, exponent } = stabilized(attention, block)
    return {
      block,
      coefficient: boundedEvaluator(coefficient, bindings),
      exponent: exponent && boundedEvaluator(exponent, bindings),
    }
  })
  return wanted.map((position) => {
    place(rows[position] ?? new Float64Array(attention.dim), position)
    const maximum = side === 'query' ? (maxima[position] ?? overall) : overall
    bindings.setScalar('maximum', maximum.value, maximum.error)
    const result = emptyFeatures(score.features)
    let at = 0
    for (const { block, coefficient, exponent } of blocks)
      overComponents(block, () => {
        const factor = coefficient()
        const power = exponent?.()
        result.coefficient[at] = factor.value
        result.coefficientError[at] = factor.error
        result.exponent[at] = power?.value ?? 0
        result.exponentError[at] = power?.error ?? 0
        at++
      })
    return result
  })
}

function emptyFeatures(features: number): BoundedFeatures {
  const row = (): Float64Array => new Float64Array(features)
  return { coefficient: row(), coefficientError: row(), exponent: row(), exponentError: row() }
}

const larger = (a: Bounded, b: Bounded): Bounded => ({
  value: Math.max(a.value, b.value),
  error: Math.max(a.error, b.error),
})

/** Of each row, the largest projected exponent that `stabilize: max` subtracts. */
function rowMaxima(
  score: FactorisedScore,
  side: 'query' | 'key',
  rows: readonly Float64Array[],
  bindings: Bindings,
  place: (x: Float64Array, position: number) => void,
  overComponents: (block: FeatureBlock, visit: (component: number) => void) => void,
): Bounded[] {
  const parts = score[side].flatMap((block) =>
    exponentialsOf(block.value).map((part) => ({ block, evaluate: boundedEvaluator(part, bindings) })),
  )
  return rows.map((x, position) => {
    place(x, position)
    let top: Bounded = { value: -Infinity, error: 0 }
    for (const { block, evaluate } of parts)
      overComponents(block, () => {
        top = larger(top, evaluate())
      })
    return top
  })
}
