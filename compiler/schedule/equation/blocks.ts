/** Equations of many cells and long sums, of which a thread computes a block: neighbouring cells read the same numbers. */
import { hasReduce } from '../../symbolic/traverse.ts'
import { product } from '../buffers.ts'
import type { EquationPass, Formula } from '../equation.ts'
import { threads } from '../tiles.ts'
import { partsOf } from './traverse.ts'

/** Cells of a block: so many numbers stay in registers on every device. */
const cellsOfBlock = { columns: 8, rows: 4 } as const

/** The pass in blocks, if its cells sum and a row of its box fills one; else as it is. */
export function inBlocks(pass: EquationPass): EquationPass {
  const [width, height, depth] = pass.extent
  const { columns, rows } = cellsOfBlock
  if (typeof width !== 'number' || width < columns || !sums(pass.value)) return pass
  const blocks = product(Math.ceil(width / columns), ['ceildiv', height, rows], depth)
  return { ...pass, blocks: cellsOfBlock, workgroups: ['ceildiv', blocks, threads] }
}

/** Whether a formula has a loop, or a term with one. */
function sums(formula: Formula, seen = new Set<Formula>()): boolean {
  if (seen.has(formula)) return false
  seen.add(formula)
  if (formula.kind === 'accumulated') return true
  if (formula.kind === 'term' && formula.terms.expressions.some(hasReduce)) return true
  return partsOf(formula).some((part) => sums(part, seen))
}
