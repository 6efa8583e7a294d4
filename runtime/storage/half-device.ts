/** Calls whose f16 is in buffers on a device. Nothing passes through the host. */
import { checkCount } from '../arguments/tensors.ts'
import { describe, isBuffer } from '../arguments/describe.ts'
import { checkSizes } from '../arguments/sizes.ts'
import type { CallSizes } from '../arguments/sizes.ts'
import type { Program } from '../program.ts'
import { rows, tooLarge } from './covered.ts'
import type { Covered, WideCall } from './covered.ts'
import type { HalfBuffers } from './half-buffers.ts'

/** A call with buffers of f32 in the place of those of f16. */
export interface WideBuffers {
  readonly call: WideCall
  /** By the names of `rows`: the caller's buffer, and the one that stands in for it. */
  readonly inputs: readonly (readonly [halves: GPUBuffer, wide: GPUBuffer])[]
  readonly out: readonly [halves: GPUBuffer, wide: GPUBuffer]
}

/** @throws TypeError, RangeError where a buffer is missing, too small or of the wrong usage */
export function wideBuffers(
  halves: HalfBuffers,
  program: Program,
  where: string,
  given: WideCall,
): WideBuffers {
  const sizes = checkSizes(where, given)
  const checked = (name: (typeof rows)[number] | 'out'): GPUBuffer => {
    const { [name]: buffer } = given
    if (!isBuffer(buffer))
      throw new TypeError(`${where}: ${name} must be a GPUBuffer, as q is; it is ${describe(buffer)}.`)
    checkCount(where, name, buffer, sizes, program, 2)
    return buffer
  }
  const buffers = rows.map(checked)
  const chosen = given['out'] === undefined ? undefined : checked('out')
  // Nothing is made for a call that is refused.
  const widened = (name: (typeof rows)[number] | 'out'): GPUBuffer =>
    halves.take(countOf(program, sizes, name))
  const inputs = rows.map((name, index) => [buffers[index] as GPUBuffer, widened(name)] as const)
  const out = [chosen ?? halves.create('out', countOf(program, sizes, 'out')), widened('out')] as const
  const wide = Object.fromEntries(rows.map((name, index) => [name, inputs[index]?.[1]]))
  return { call: { ...given, ...wide, out: out[1] }, inputs, out }
}

/** Numbers of a tensor. */
function countOf(
  { dim, valueDim }: Program,
  { batch, heads, kvHeads, length, keyLength }: CallSizes,
  name: (typeof rows)[number] | 'out',
): number {
  switch (name) {
    case 'q':
      return batch * heads * length * dim
    case 'k':
      return batch * kvHeads * keyLength * dim
    case 'v':
      return batch * kvHeads * keyLength * valueDim
    case 'out':
      return batch * heads * length * valueDim
  }
}

/** Runs a member on buffers of f32, without an await before its commands where it is prompt. */
export async function runOnBuffers<R>(
  halves: HalfBuffers,
  program: Program,
  where: string,
  given: WideCall,
  { run, outOf, prompt }: Covered<R>,
): Promise<R> {
  const { call, inputs, out } = wideBuffers(halves, program, where, given)
  const read = halves.submit((encoder) => halves.widen(encoder, inputs))
  const running = run(call)
  // Who fails last has nobody waiting any more.
  for (const one of [read, running]) one.catch(() => {})
  if (!prompt) await running
  const { written, beyond } = halves.submitNarrowing(out, program.convex !== true)
  halves.give([...inputs, out].map(([, wide]) => wide))
  const result = await running
  await Promise.all([read, written])
  const large = await beyond()
  return outOf(result, () => {
    if (large) throw tooLarge(where, '')
    return out[0]
  })
}
