/** What plans of cell passes are put together from. */
import { product } from '../buffers.ts'
import { operations } from '../operations.ts'
import type { BufferPlan, Rows, Schedule, ScheduledBlock, Size, Term } from '../schedule.ts'
import type { CellPass } from './passes.ts'

export const cellPass = (from: Omit<CellPass, 'kind' | 'workgroups'>): CellPass => ({
  kind: 'cells',
  ...from,
  workgroups: product(...from.extent),
})

/** Query heads of the slice's groups. */
export const sliceHeads = (groups: Schedule['groups']): Size =>
  groups === 'heads' ? 'sliceCount' : ['*', 'sliceCount', ['ceildiv', 'heads', 'kvHeads']]

export function scratch(name: string, sizes: readonly Size[], layout: string): BufferPlan {
  return { name, role: 'scratch', element: 'f32', size: product(...sizes), layout }
}

/** How many rows a head may have. */
export function countOf({ count }: Rows): Size {
  if (count === 'visible') return 'keyLength'
  if (count === 'counted') return 'length'
  return count === 'cached' ? ['+', 'offset', 'length'] : count
}

/** Operations of a term for one pair of rows, nothing being shared between pairs. */
export const pairOperations = (term: Term): number => total(term, 'q', 'k')

/** Operations of all components of φ for one row. */
export const featureOperations = (blocks: readonly ScheduledBlock[]): number =>
  blocks.reduce((sum, { size, term }) => sum + size * total(term, 'x', 'w'), 0)

function total(term: Term, first: string, second: string): number {
  const expressions =
    term.kind === 'plain' ? [term.value] : [term.exponent, ...(term.coefficient ? [term.coefficient] : [])]
  return expressions.reduce((sum, expression) => {
    const { left, right, pair } = operations(expression, first, second)
    return sum + left + right + pair
  }, 0)
}
