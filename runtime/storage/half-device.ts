/** Calls whose f16 is in buffers on a device. Nothing passes through the host. */
import { describe, isBuffer } from '../arguments/describe.ts'
import { checkSizes } from '../arguments/sizes.ts'
import { checkCount } from '../arguments/tensors.ts'
import type { Program } from '../program.ts'
import { tooLarge } from './covered.ts'
import type { Covered, WideCall } from './covered.ts'
import type { HalfBuffers, HalfTensor, TensorsByName } from './half-buffers.ts'

/**
 * The tensors of a call, and `out`, whose buffer may be absent.
 *
 * @throws TypeError, RangeError where a buffer is missing, too small or of the wrong usage
 */
export function checkBuffers(program: Program, where: string, given: WideCall): TensorsByName<HalfTensor> {
  const sizes = checkSizes(where, given)
  const checked = (name: keyof TensorsByName<HalfTensor>): HalfTensor => {
    const { [name]: buffer } = given
    if (buffer === undefined && name === 'out')
      return { count: checkCount(where, name, buffer, sizes, program) }
    if (!isBuffer(buffer))
      throw new TypeError(`${where}: ${name} must be a GPUBuffer, as q is; it is ${describe(buffer)}.`)
    const count = checkCount(where, name, buffer, sizes, program, 2)
    const whole = Math.ceil(count / 2) * 4
    if (buffer.size < whole)
      throw new RangeError(
        `${where}: ${name} needs ${whole} bytes, since f16 is read in words of 4; the buffer has ${buffer.size}.`,
      )
    return { count, buffer }
  }
  return { q: checked('q'), k: checked('k'), v: checked('v'), out: checked('out') }
}

/** Runs a member on buffers of f32, without an await before its commands where it is prompt. */
export async function runOnBuffers<R>(
  halves: HalfBuffers,
  program: Program,
  where: string,
  given: WideCall,
  { run, outOf, prompt }: Covered<R>,
): Promise<R> {
  const tensors = checkBuffers(program, where, given)
  const { made: lent, done: read } = halves.submit((encoder) => {
    const lent = halves.lend(tensors, prompt)
    halves.widen(encoder, lent.inputs)
    return lent
  })
  let wanted = false
  try {
    const running = run({ ...given, ...lent.wide })
    // Who fails last has nobody waiting any more.
    for (const one of [read, running]) one.catch(() => {})
    if (!prompt) await running
    const { written, beyond } = halves.submitNarrowing(lent.out, program.convex !== true)
    for (const one of [written, beyond]) one.catch(() => {})
    const result = await running
    await Promise.all([read, written])
    const large = await beyond
    return outOf(result, () => {
      if (large) throw tooLarge(where, '')
      wanted = true
      return lent.out.halves
    })
  } finally {
    lent.free(wanted)
  }
}
