/** A call of `backward`, checked: what gradients are asked of, and buffers for them. Loaded with the first such call. */
import type { WideTensor } from '../attention.ts'
import { AttentionError } from '../errors.ts'
import type { Program } from '../program.ts'
import { checkCall } from './call.ts'
import type { CheckedCall } from './call.ts'
import { describe, isBuffer, refuseUnknown, requireObject } from './describe.ts'
import { checkCount, requireStorage } from './tensors.ts'

/** Each result that every call has, and what it is the gradient of. */
const results = { dq: 'q', dk: 'k', dv: 'v' } as const

/** What `wrt` may name, beside which q, k and v always are. */
const names: readonly unknown[] = ['weights', 'inputs', 'projection', 'state']

/** What an attention has beside q, k and v that gradients may be taken of: the numbers of each, by name. */
export interface Parameters {
  /** Absent where there is none, or where it is one of rotations of a hash. */
  readonly projection: number | undefined
  /** Of those that `create` was given. */
  readonly weights: Readonly<Record<string, number>>
}

/** Those of a program. @param weights the numbers of those that `create` was given */
export function parametersOf(
  { projection, keysAreQueries, weights: plans }: Program,
  weights: Parameters['weights'],
): Parameters {
  const given = plans.flatMap(({ name }) => (weights[name] === undefined ? [] : [[name, weights[name]]]))
  return {
    projection: projection && !keysAreQueries ? projection.rows * projection.dim : undefined,
    weights: Object.fromEntries(given) as Parameters['weights'],
  }
}

/** What `wrt` may name of them. */
const namesOf = ({ projection, weights }: Parameters): readonly string[] => [
  ...(projection === undefined ? [] : ['projection']),
  ...(Object.keys(weights).length === 0 ? [] : ['weights']),
]

/**
 * Whether gradients of parameters are asked for.
 *
 * @throws TypeError for other words, AttentionError `form` for what has no gradient here
 */
export function checkWrt(where: string, wrt: unknown, parameters: Parameters): boolean {
  const taken = namesOf(parameters)
  const named = checkNames(where, wrt)
  for (const name of named) {
    if (taken.includes(name as string)) continue
    throw new AttentionError(
      'form',
      `${where}: wrt: ['${String(name)}'] has no gradient here; there are those of ${['q', 'k', 'v', ...taken].join(', ')}. Leave it out.`,
    )
  }
  return named.length > 0
}

/** What `wrt` names, whether there is a gradient of it or not. @throws TypeError for other words */
export function checkNames(where: string, wrt: unknown = []): readonly unknown[] {
  const expected = `wrt must be an array of '${names.join("', '")}'`
  if (!Array.isArray(wrt)) throw new TypeError(`${where}: ${expected}; it is ${describe(wrt)}.`)
  for (const name of wrt as unknown[])
    if (!names.includes(name)) throw new TypeError(`${where}: ${expected}; it has ${describe(name)}.`)
  return wrt
}

/** Whether `wrt` names the state, and what else it names. @throws TypeError */
export function statesApart(
  { name }: Program,
  member: string,
  wrt: unknown,
): { readonly states: boolean; readonly others: readonly unknown[] } {
  const named = checkNames(`${name}.${member}`, wrt)
  const states = named.includes('state')
  return { states, others: named.filter((name) => name !== 'state') }
}

/** A forward pass that keeps, of tensors of f32. @throws TypeError, RangeError */
export function checkKeeping(program: Program, call: unknown): CheckedCall {
  const { keep, wrt: _, ...plain } = call as { readonly keep?: unknown; readonly wrt?: unknown }
  if (keep !== true)
    throw new TypeError(`${program.name}.forward: keep must be true, or left out; it is ${describe(keep)}.`)
  return checkCall(program.singles ?? program, 'forward', plain)
}

/** @throws TypeError, RangeError, AttentionError `form` */
export function checkBackward(program: Program, call: unknown, parameters: Parameters): CheckedCall {
  return check(program, 'backward', call, parameters, false)
}

/** Likewise, with buffers for all results. Those of parameters say that their gradients are asked for. */
export function checkEncodeBackward(
  program: Program,
  buffers: object,
  sizes: object,
  parameters: Parameters,
): CheckedCall {
  return check(program, 'encodeBackward', { ...sizes, ...buffers, wrt: wrtOf(buffers) }, parameters, true)
}

/** What gradients of parameters there are buffers for. */
export const wrtOf = (buffers: { readonly dprojection?: unknown; readonly dweights?: unknown }): string[] => [
  ...(buffers.dprojection === undefined ? [] : ['projection']),
  ...(buffers.dweights === undefined ? [] : ['weights']),
]

function check(
  program: Program,
  member: string,
  call: unknown,
  parameters: Parameters,
  recorded: boolean,
): CheckedCall {
  const where = `${program.name}.${member}`
  requireObject(where, call, '{ q, k, v, dout, length: 128 }')
  const { wrt, dq, dk, dv, dprojection, dweights, kept: _, ...plain } = call
  checkWrt(where, wrt, parameters)
  const wide = program.singles ?? program
  const checked = checkCall(wide, member, plain, ['q', 'k', 'v', 'dout'])
  const given = new Map<string, WideTensor>()
  for (const [name, buffer] of Object.entries({ dq, dk, dv } satisfies Record<keyof typeof results, unknown>))
    if (buffer !== undefined || (recorded && !checked.onHost)) {
      const like = results[name as keyof typeof results]
      requireResult(where, name, buffer, checked)
      checkCount(`${where}: ${name} is like ${like}`, like, buffer, checked.sizes, wide)
      given.set(name, buffer)
    }
  for (const [name, { buffer, numbers, like }] of ofParameters(
    where,
    { wrt, dprojection, dweights },
    parameters,
  ))
    if (buffer !== undefined || (recorded && !checked.onHost)) {
      requireResult(where, name, buffer, checked)
      requireRoom(where, name, buffer, { numbers, like })
      given.set(bufferOf(name), buffer)
    }
  checkApart(where, checked, given)
  return { ...checked, tensors: new Map([...checked.tensors, ...given]) }
}

/** Of `dweights.conv`, `dconv`. */
const bufferOf = (name: string): string => name.replace('weights.', '')

interface OfParameter {
  readonly buffer: unknown
  readonly numbers: number
  readonly like: string
}

/** The results that belong to what `wrt` names, with the buffers that a call has for them. */
function ofParameters(
  where: string,
  {
    wrt,
    dprojection,
    dweights,
  }: { readonly wrt?: unknown; readonly dprojection?: unknown; readonly dweights?: unknown },
  { projection = 0, weights }: Parameters,
): ReadonlyMap<string, OfParameter> {
  const asked = (wrt ?? []) as readonly unknown[]
  for (const [name, one, buffers] of [
    ['projection', 'dprojection', dprojection],
    ['weights', 'dweights', dweights],
  ] as const)
    if (buffers !== undefined && !asked.includes(name))
      throw new TypeError(`${where}: ${one} goes with wrt: ['${name}'].`)
  const all = new Map<string, OfParameter>()
  if (asked.includes('projection'))
    all.set('dprojection', { buffer: dprojection, numbers: projection, like: 'the projection' })
  if (!asked.includes('weights')) return all
  const buffers: unknown = dweights ?? {}
  requireObject(`${where}: dweights`, buffers, 'GPUBuffers by name')
  refuseUnknown(`${where}: dweights`, buffers, Object.keys(weights))
  for (const [name, numbers] of Object.entries(weights))
    all.set(`dweights.${name}`, { buffer: buffers[name], numbers, like: `weights.${name}` })
  return all
}

function requireResult(
  where: string,
  name: string,
  buffer: unknown,
  { onHost }: CheckedCall,
): asserts buffer is GPUBuffer {
  if (onHost)
    throw new TypeError(
      `${where}: ${name} goes with GPUBuffer tensors; for Float32Array the result is a new one.`,
    )
  if (!isBuffer(buffer))
    throw new TypeError(`${where}: ${name} must be a GPUBuffer; it is ${describe(buffer)}.`)
}

function requireRoom(
  where: string,
  name: string,
  buffer: GPUBuffer,
  { numbers, like }: Pick<OfParameter, 'numbers' | 'like'>,
): void {
  requireStorage(where, name, buffer)
  if (buffer.size < numbers * 4)
    throw new RangeError(
      `${where}: ${name} is like ${like}: it needs ${numbers * 4} bytes, 4 × ${numbers}; the buffer has ${buffer.size}.`,
    )
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
