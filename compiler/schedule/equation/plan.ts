/** Equation passes, the scratch between them, and plans of both. */
import { product } from '../buffers.ts'
import type { EquationPass } from '../equation.ts'
import { readsOf } from './traverse.ts'
import { threads } from '../tiles.ts'
import type { BufferPlan, Groups } from '../schedule.ts'
import type { Size } from '../../../runtime/contract/size.ts'

/** A pass whose buffers are those that its formulas read, and the one that it writes. */
export function equationPass(from: Omit<EquationPass, 'kind' | 'workgroups' | 'buffers'>): EquationPass {
  const { value, place, out, extent } = from
  const reads = readsOf(value, ...(place === undefined ? [] : [place]))
  return {
    kind: 'equation',
    ...from,
    workgroups: ['ceildiv', product(...extent), threads],
    // Without scatter a buffer is written anew, beside the one that is read.
    buffers: [...reads.filter((name) => place === undefined || name !== out), out],
  }
}

/** Query heads of the slice's groups. */
export const sliceHeads = (groups: Groups): Size =>
  groups === 'heads' ? 'sliceCount' : ['*', 'sliceCount', ['ceildiv', 'heads', 'kvHeads']]

/** A buffer of f32 between passes, as large as the product of the sizes. */
export function scratch(name: string, sizes: readonly Size[], layout: string): BufferPlan {
  return { name, role: 'scratch', element: 'f32', size: product(...sizes), layout }
}

/** Passes, and the buffers between them. */
export interface Plan {
  readonly passes: readonly EquationPass[]
  readonly buffers: readonly BufferPlan[]
}

/** An equation, and the scratch that it writes, whose layout is said in words. */
export const writing = (
  equation: Omit<EquationPass, 'kind' | 'workgroups' | 'buffers'>,
  layout: string,
): Plan => ({
  passes: [equationPass(equation)],
  buffers: [scratch(equation.out, equation.extent, layout)],
})
