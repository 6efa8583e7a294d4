/** What forward keeps for `backward` where it is asked to, and what that saves. */
import { cost, sizesOf } from '../../schedule/cost.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import { evaluateSize } from '../../../runtime/contract/size.ts'
import { bytes, grouped, operations } from '../table.ts'

/** Of one batch item, with as many key/value heads and key rows as queries have. */
interface OfCall {
  readonly length: number
  readonly heads: number
}

const shapeOf = ({ length, heads }: OfCall) => ({
  batch: 1,
  heads,
  kvHeads: heads,
  length,
  keyLength: length,
})

/** Lines for the reader of the gradients of an attention. */
export function keptInWords(schedule: Schedule, of: OfCall): readonly string[] {
  const { inTwo } = schedule
  if (inTwo === undefined)
    return ['No pass of these is of forward alone, so that with keep: true forward keeps nothing, 0 bytes.']
  const { keep, rest } = inTwo
  const shape = shapeOf(of)
  const anew = keep.passes.filter((pass) => schedule.passes.includes(pass)).map(({ name }) => name)
  const names = rest.buffers.flatMap(({ name, kept }) => (kept ? name : []))
  const [all, left] = [cost(schedule, shape).flops, cost(rest, shape).flops]
  return [
    'Without kept, backward computes forward anew and nothing is kept of it. With keep: true',
    `  forward keeps ${names.join(', ')}`,
    `    ${formulaOf(rest)} bytes, where H is KVH and L is S: ${bytes(keptBytes(rest, of))} here`,
    `  backward leaves out ${anew.join(', ')}`,
    `    ${operations(all - left)} of its ${operations(all)}`,
  ]
}

function keptBytes(rest: Schedule, of: OfCall): number {
  const sizes = sizesOf(rest, shapeOf(of))
  return rest.buffers.reduce((sum, { size, kept }) => sum + (kept ? 4 * evaluateSize(size, sizes) : 0), 0)
}

/** Of whole chunks, in which memory is linear in the length. */
function formulaOf(rest: Schedule): string {
  const length = 2 ** 12
  const [one, two] = [
    keptBytes(rest, { heads: 1, length }),
    keptBytes(rest, { heads: 1, length: 2 * length }),
  ]
  const each = (two - one) / length
  const rows = `${grouped(each)} · L`
  const fixed = one - each * length
  return fixed === 0 ? `B · H · ${rows}` : `B · H · (${rows} + ${grouped(fixed)})`
}
