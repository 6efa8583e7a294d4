/**
 * A region is a stretch of the file that stands or falls alone: one setting, one
 * feature, or what lies between declarations. After an error the parser often
 * stumbles again over the same mistake, so each region gets one syntax error.
 */
import type { IToken } from 'chevrotain'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import type { SyntaxProblem } from './errors.ts'
import * as tokens from './tokens.ts'

/** Offsets at which regions begin, ascending. */
export function regionsOf(all: readonly IToken[]): readonly number[] {
  const starts = [0]
  all.forEach((token, index) => {
    const next = all[index + 1]
    const type = token.tokenType
    const declaration =
      (type === tokens.Feature || type === tokens.Attention || type === tokens.Def) &&
      next !== undefined &&
      tokens.isName(next)
    const setting = tokens.isName(token) && next?.tokenType === tokens.Colon
    if (declaration || setting || type === tokens.RightBrace) starts.push(token.startOffset)
  })
  return starts
}

/** The first problem of each region in which the scanner has not already found the cause. */
export function onePerRegion(
  problems: readonly SyntaxProblem[],
  regions: readonly number[],
  scanned: readonly Diagnostic[],
): SyntaxProblem[] {
  const taken = new Set(scanned.map(({ span }) => regionAt(regions, span.start)))
  return problems.filter(({ after }) => {
    const region = regionAt(regions, after)
    if (taken.has(region)) return false
    taken.add(region)
    return true
  })
}

/** Where the region that holds an offset ends. */
export const regionEnd = (regions: readonly number[], offset: number): number =>
  regions[regionAt(regions, offset) + 1] ?? Infinity

/** Index of the region that holds an offset. */
function regionAt(regions: readonly number[], offset: number): number {
  let low = 0
  let high = regions.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((regions[middle] ?? 0) <= offset) low = middle
    else high = middle
  }
  return low
}
