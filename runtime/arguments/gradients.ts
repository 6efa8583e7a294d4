/** A call of `backward`, checked: what gradients are asked of, and buffers for them. Loaded with the first such call. */
import type { WideTensor } from '../attention.ts'
import { AttentionError } from '../errors.ts'
import type { Program } from '../program.ts'
import { checkCall } from './call.ts'
import type { CheckedCall } from './call.ts'
import { describe, isBuffer, requireObject } from './describe.ts'
import { checkCount } from './tensors.ts'

/** Each result, and what it is the gradient of. */
const results = { dq: 'q', dk: 'k', dv: 'v' } as const

/** What `wrt` may name, beside which q, k and v always are. */
const names: readonly unknown[] = ['weights', 'inputs', 'projection', 'state']

/**
 * @param taken what there are gradients of beside q, k and v
 * @throws TypeError, RangeError, AttentionError `form`
 */
export function checkBackward(program: Program, call: unknown, taken: readonly string[] = []): CheckedCall {
  return check(program, 'backward', call, taken, false)
}

/** Likewise, with buffers for all results. */
export function checkEncodeBackward(program: Program, buffers: object, sizes: object): CheckedCall {
  return check(program, 'encodeBackward', { ...sizes, ...buffers }, [], true)
}

function check(
  program: Program,
  member: string,
  call: unknown,
  taken: readonly string[],
  recorded: boolean,
): CheckedCall {
  const where = `${program.name}.${member}`
  requireObject(where, call, '{ q, k, v, dout, length: 128 }')
  const { wrt, dq, dk, dv, ...plain } = call
  checkWrt(where, wrt, taken)
  const wide = program.singles ?? program
  const checked = checkCall(wide, member, plain, ['q', 'k', 'v', 'dout'])
  const given = new Map<string, WideTensor>()
  for (const [name, buffer] of Object.entries({ dq, dk, dv } satisfies Record<keyof typeof results, unknown>))
    if (buffer !== undefined || (recorded && !checked.onHost))
      given.set(name, checkResult(where, name as keyof typeof results, buffer, checked, wide))
  checkApart(where, checked, given)
  return { ...checked, tensors: new Map([...checked.tensors, ...given]) }
}

function checkResult(
  where: string,
  name: keyof typeof results,
  buffer: unknown,
  { sizes, onHost }: CheckedCall,
  program: Program,
): GPUBuffer {
  if (onHost)
    throw new TypeError(
      `${where}: ${name} goes with GPUBuffer tensors; for Float32Array the result is a new one.`,
    )
  if (!isBuffer(buffer))
    throw new TypeError(`${where}: ${name} must be a GPUBuffer; it is ${describe(buffer)}.`)
  checkCount(`${where}: ${name} is like ${results[name]}`, results[name], buffer, sizes, program)
  return buffer
}

/** What is written must be no other buffer of the call. */
function checkApart(
  where: string,
  { tensors, lengths, queryLengths }: CheckedCall,
  given: ReadonlyMap<string, WideTensor>,
): void {
  const all = [...tensors, ['lengths', lengths] as const, ['queryLengths', queryLengths] as const, ...given]
  for (const [name, buffer] of given)
    for (const [other, one] of all)
      if (one === buffer && other !== name)
        throw new TypeError(`${where}: ${name} must be another buffer than ${other}.`)
}

/** @throws TypeError for other words, AttentionError `form` for what has no gradient here */
function checkWrt(where: string, wrt: unknown, taken: readonly string[]): void {
  if (wrt === undefined) return
  const expected = `wrt must be an array of '${names.join("', '")}'`
  if (!Array.isArray(wrt)) throw new TypeError(`${where}: ${expected}; it is ${describe(wrt)}.`)
  for (const name of wrt as unknown[]) {
    if (!names.includes(name)) throw new TypeError(`${where}: ${expected}; it has ${describe(name)}.`)
    if (taken.includes(name as string)) continue
    const there = ['q', 'k', 'v', ...taken].join(', ')
    throw new AttentionError(
      'form',
      `${where}: wrt: ['${String(name)}'] has no gradient here; there are those of ${there}. Leave it out` +
        (name === 'weights' || name === 'projection' ? ", or create with backend: 'reference'." : '.'),
    )
  }
}
