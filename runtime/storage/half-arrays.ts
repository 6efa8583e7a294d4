/** Calls whose f16 is in arrays: `Float16Array`, where the engine has it, or the bits in a `Uint16Array`. */
import { isBuffer, tag } from '../arguments/describe.ts'
import type { HalfArray, Tensor } from '../attention.ts'
import { rows, tooLarge } from './covered.ts'
import type { Covered, WideCall } from './covered.ts'
import { narrow, widen } from './half.ts'

/** Whether it is an array whose numbers are f16, or may be their bits. */
export const isHalfArray = (value: unknown): value is HalfArray =>
  ArrayBuffer.isView(value) && ['Float16Array', 'Uint16Array'].includes(tag(value))

/** The bits of its numbers, in the same memory. */
export const bitsOf = ({ buffer, byteOffset, length }: HalfArray): Uint16Array =>
  new Uint16Array(buffer, byteOffset, length)

/** An array of the same class as another. */
export function arrayLike(other: HalfArray, halves: Uint16Array<ArrayBuffer>): HalfArray {
  const { constructor } = other as { readonly constructor: unknown }
  return new (constructor as new (memory: ArrayBuffer) => HalfArray)(halves.buffer)
}

/** Runs a member on arrays of f32. They are made before the first await, so that the caller may change theirs. */
export async function runOnArrays<R>(where: string, call: WideCall, { run, outOf }: Covered<R>): Promise<R> {
  const q = call['q'] as HalfArray
  const wide = Object.fromEntries(rows.map((name) => [name, widen(bitsOf(call[name] as HalfArray))]))
  const result = await run({ ...call, ...wide })
  return outOf(result, (out: Tensor) => {
    if (isBuffer(out)) return out
    const { halves, beyond } = narrow(out as Float32Array)
    if (beyond !== undefined) throw tooLarge(where, `; one is ${beyond}`)
    return arrayLike(q, halves)
  })
}
