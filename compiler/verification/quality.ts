/** What a user should be told of an attention that is right, and yet of little use. */
import { quality } from '../algebra/expectation/index.ts'
import type { AttentionModel } from '../semantics/model.ts'

/**
 * A sentence where the file's projections are too few: for rows of independent
 * entries of variance 1, the weights they give are farther from those of the
 * kernel than equal weights are.
 */
export function tooFewProjections(model: AttentionModel): string | undefined {
  const { dim, scale, projections } = model
  if (projections === undefined || model.kernel === undefined) return undefined
  const norm = Math.sqrt(dim * scale)
  const found = quality(model, { normQ: norm, normK: norm })
  if (found === undefined || !found.worseThanUniform) return undefined
  const { errorOverUniform, projectionsNeeded } = found
  return (
    `for rows with entries of variance 1 (norm ${short(norm)} once scaled), ${projections.count} projections ` +
    `give weights ${short(errorOverUniform)} times as far from the kernel's as equal weights are; ` +
    `no worse than those takes smaller rows, or ${projectionsNeeded.toLocaleString('en-US')} projections`
  )
}

const short = (value: number): string => String(Number(value.toPrecision(2)))
