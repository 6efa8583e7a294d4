/** Which WebAssembly this engine has: SIMD at the least, relaxed SIMD where it may be had. */
import { inNode } from '../../environment.ts'
import type { WasmVariant } from '../../program.ts'
import type * as Refusal from './refusal.ts'

/** A module whose one function gives a vector: `instructions` leave it on the stack. */
const probe = (...instructions: readonly number[]): Uint8Array<ArrayBuffer> => {
  const body = [0, ...instructions, 0x0b]
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
  const types = [1, 5, 1, 0x60, 0, 1, 0x7b]
  const functions = [3, 2, 1, 0]
  return Uint8Array.from([...header, ...types, ...functions, 10, body.length + 2, 1, body.length, ...body])
}

/** v128.const 0 */
const zero = [0xfd, 0x0c, ...Array.from({ length: 16 }, () => 0)]

const simd = probe(...zero)

/** f32x4.relaxed_madd of three vectors. */
const relaxedSimd = probe(...zero, ...zero, ...zero, 0xfd, 0x85, 0x02)

/** What there is to say where the processor is not to be had, or not for something. */
export const refusal = (): Promise<typeof Refusal> => import('./refusal.ts')

/**
 * The kernels that fit.
 *
 * @throws AttentionError `no-wasm`
 */
export async function fittingVariant(): Promise<WasmVariant> {
  if (typeof WebAssembly !== 'object') throw (await refusal()).withoutWasm()
  if (!WebAssembly.validate(simd)) throw (await refusal()).withoutSimd()
  await WebAssembly.compile(simd).catch(async (cause: unknown) => {
    throw (await refusal()).forbidden(cause)
  })
  if (!WebAssembly.validate(relaxedSimd) && inNode())
    (await import('./node/relaxed-simd.ts')).allowRelaxedSimd()
  return WebAssembly.validate(relaxedSimd) ? 'relaxed' : 'plain'
}
