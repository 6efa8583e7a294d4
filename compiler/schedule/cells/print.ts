/** What a pass of cells evaluates, for `attnc explain`. */
import { print as printExpression } from '../../symbolic/print.ts'
import { printFeatures, printTerm } from '../print-terms.ts'
import type { CellWork } from './passes.ts'

export function cellDetails(work: CellWork): string[] {
  switch (work.kind) {
    case 'features':
      return printFeatures(work.features.side === 'query' ? 'φ(q)' : 'φ(k)', work.features, 'exp(e)')
    case 'row-maxima':
      return printFeatures('largest of', work.features)
    case 'pairs':
    case 'few-rows':
      return [
        `mask ${work.mask.kind === 'condition' ? printExpression(work.mask.condition) : work.mask.kind}`,
        ...printTerm('κ', work.kernel, 'exp(e)'),
      ]
    case 'row-factors':
    case 'read':
      return work.epsilon === 0 ? [] : [`epsilon ${work.epsilon}`]
    case 'product': {
      const { factor, left, right, diagonal } = work
      const second = diagonal === undefined ? right.buffer : `(${diagonal}·I − ${right.buffer})`
      return [`${factor === 1 ? '' : `${factor} · `}${left.buffer} · ${second}`]
    }
    default:
      return []
  }
}
