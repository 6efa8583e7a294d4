/** Calls whose f16 is in buffers on a device, or in arrays that are brought there. Kernels read it as it is. */
import { describe, isBuffer } from '../arguments/describe.ts'
import { checkSizes } from '../arguments/sizes.ts'
import { checkCount } from '../arguments/tensors.ts'
import type { HalfArray, Tensor } from '../attention.ts'
import type { Program } from '../program.ts'
import { tooLarge } from './covered.ts'
import type { Covered, WideCall } from './covered.ts'
import { arrayLike, bitsOf, isHalfArray } from './half-arrays.ts'
import type { HalfBuffers, HalfTensor, Lent, TensorsByName } from './half-buffers.ts'

/**
 * The tensors of a call, and `out`, whose buffer may be absent.
 *
 * @throws TypeError, RangeError where one is missing, of the wrong size or of the wrong usage
 */
export function checkHalves(program: Program, where: string, given: WideCall): TensorsByName<HalfTensor> {
  const sizes = checkSizes(where, given)
  const onHost = isHalfArray(given['q'])
  if (onHost && given['out'] !== undefined)
    throw new TypeError(`${where}: out goes with GPUBuffer tensors; for arrays the result is a new one.`)
  const checked = (name: keyof TensorsByName<HalfTensor>): HalfTensor => {
    const { [name]: tensor } = given
    if (tensor === undefined && name === 'out')
      return { count: checkCount(where, name, tensor, sizes, program) }
    if (onHost && isHalfArray(tensor)) {
      return { count: checkCount(where, name, tensor, sizes, program), bits: bitsOf(tensor) }
    }
    if (!isBuffer(tensor))
      throw new TypeError(`${where}: ${name} must be a GPUBuffer, as q is; it is ${describe(tensor)}.`)
    const count = checkCount(where, name, tensor, sizes, program, 2)
    const whole = Math.ceil(count / 2) * 4
    if (tensor.size < whole)
      throw new RangeError(
        `${where}: ${name} needs ${whole} bytes, since f16 is read in words of 4; the buffer has ${tensor.size}.`,
      )
    return { count, buffer: tensor }
  }
  return { q: checked('q'), k: checked('k'), v: checked('v'), out: checked('out') }
}

/**
 * Runs a member on f16 on a device, without an await before its commands where it is prompt.
 *
 * @param wideOut whether the kernels leave `out` as f32
 */
export async function runOnDevice<R>(
  halves: HalfBuffers,
  program: Program,
  where: string,
  given: WideCall,
  { run, outOf, prompt }: Covered<R>,
  wideOut: boolean,
): Promise<R> {
  const tensors = checkHalves(program, where, given)
  const q = given['q']
  const onHost = isHalfArray(q)
  const manner = { prompt, wideOut, onHost }
  let lent: Lent | undefined
  let wanted = false
  try {
    const ready = halves.run(async () => {
      lent = halves.lend(tensors, manner)
      if (wideOut && tensors.out.buffer !== undefined) halves.submitWidening(lent)
      return lent
    })
    if (lent === undefined) throw await ready.then(() => new Error('unreachable'))
    const running = run({ ...given, ...lent.tensors })
    // Who fails last has nobody waiting any more.
    for (const one of [ready, running]) one.catch(() => {})
    if (!prompt) await running
    const { halves: out } = lent
    const own: Lent = lent
    const finishing = halves.run(() => halves.finish(own, manner, program.convex !== true))
    finishing.catch(() => {})
    const result = await running
    const failed = (reason: unknown) => ({ reason })
    const finished = await ready.then(() => finishing).catch(failed)
    return outOf(result, (): Tensor => {
      if ('reason' in finished) throw finished.reason
      const { beyond, bits } = finished
      if (beyond) throw tooLarge(where, '')
      wanted = true
      return bits === undefined ? out : arrayLike(q as HalfArray, bits)
    })
  } finally {
    lent?.free(wanted)
  }
}
