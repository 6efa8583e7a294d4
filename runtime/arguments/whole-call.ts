/**
 * Calls with all that the language knows of: inputs that the file declares, heads of values of their own, log-sums.
 * Loaded by backends that compute these.
 */
import { outputHeads } from '../contract/tensors.ts'
import { AttentionError } from '../errors.ts'
import type { Program } from '../program.ts'
import type { StateSizes } from './decoding.ts'
import type { CheckedCall } from './call.ts'
import { describe, isBuffer, requireObject } from './describe.ts'
import { checkInputs } from './inputs.ts'
import { checkSizes } from './sizes.ts'
import type { CallSizes } from './sizes.ts'
import { checkTensors } from './tensors.ts'

/** A call without the members that kernels do not compute yet, and its sizes with them. */
export function apartFromWhole(
  { name }: Program,
  member: string,
  call: unknown,
  own?: StateSizes,
): { readonly plain: Readonly<Record<string, unknown>>; readonly sizes: CallSizes } {
  const where = `${name}.${member}`
  requireObject(where, call)
  for (const [size, kept] of Object.entries(own ?? {}))
    if (call[size] !== undefined && call[size] !== kept)
      throw new RangeError(
        `${where}: ${size} is ${kept} in the state and ${describe(call[size])} in the call.`,
      )
  const { inputs: _i, lse: _l, valueHeads: _v, headOrder: _h, kvHeads: _k, ...plain } = call
  return { plain, sizes: wholeSizes(where, { ...call, ...own }) }
}

function wholeSizes(where: string, given: Readonly<Record<string, unknown>>): CallSizes {
  const sizes = checkSizes(where, { ...given, kvHeads: undefined })
  const { kvHeads, valueHeads, headOrder = 'grouped' } = given
  if (headOrder !== 'grouped' && headOrder !== 'tiled')
    throw new TypeError(`${where}: headOrder must be 'grouped' or 'tiled'; it is ${describe(headOrder)}.`)
  const keys = checkHeads(where, 'kvHeads', kvHeads ?? sizes.heads)
  const counts = {
    heads: sizes.heads,
    kvHeads: keys,
    valueHeads: checkHeads(where, 'valueHeads', valueHeads ?? keys),
  }
  const all = outputHeads(counts)
  for (const [name, count] of Object.entries(counts))
    if (all % count !== 0)
      throw new RangeError(
        `${where}: the largest of heads, kvHeads and valueHeads must be a multiple of the others; they are ` +
          `${counts.heads}, ${counts.kvHeads} and ${counts.valueHeads}, and ${all} is no multiple of ${name}.`,
      )
  return { ...sizes, ...counts, headOrder }
}

function checkHeads(where: string, name: string, count: unknown): number {
  if (typeof count !== 'number')
    throw new TypeError(`${where}: ${name} must be a number; it is ${describe(count)}.`)
  if (!Number.isInteger(count) || count < 1 || count > 0xffff_ffff)
    throw new RangeError(`${where}: ${name} must be a positive integer below 2³²; it is ${count}.`)
  return count
}

/** The tensors that are checked as in other calls. */
export const ofQueriesAndKeys = ['q', 'k'] as const

/** A checked call with v, which may have heads of its own. */
export function withValues(
  program: Program,
  member: string,
  call: unknown,
  checked: CheckedCall,
): CheckedCall {
  const { sizes, tensors } = checked
  const where = `${program.name}.${member}`
  const { q, v } = call as Readonly<Record<string, unknown>>
  const values = { ...sizes, kvHeads: sizes.valueHeads ?? sizes.kvHeads }
  const own = checkTensors(where, { q, v }, ['v'], values, program)
  return { ...checked, tensors: new Map([...tensors, ...own]) }
}

/** The tensors of `inputs` by name, each of the size that the call says. */
export function inputsOnHost(
  program: Program,
  member: string,
  given: unknown,
  sizes: CallSizes,
): Readonly<Record<string, Float32Array>> {
  const { inputs } = given as { readonly inputs?: unknown }
  const where = `${program.name}.${member}`
  return Object.fromEntries(
    [...checkInputs(where, program, inputs, sizes)].map(([{ name }, tensor]) => {
      if (isBuffer(tensor))
        throw new AttentionError(
          'backend',
          `${where}: inputs.${name} is a GPUBuffer; the backend reference takes arrays.`,
        )
      return [name, tensor]
    }),
  )
}

/**
 * Whether the call asks for log-sums.
 *
 * @param there whether the attention has some
 * @throws AttentionError `form` where the call asks for what there is not
 */
export function asksLse({ name }: Program, member: string, given: unknown, there = true): boolean {
  const { lse } = given as { readonly lse?: unknown }
  if (lse !== undefined && typeof lse !== 'boolean')
    throw new TypeError(`${name}.${member}: lse must be true or false; it is ${describe(lse)}.`)
  if (lse !== true) return false
  if (member !== 'forward')
    throw new AttentionError(
      'form',
      `${name}.${member} gives no log-sums. Ask forward for them, or leave out lse.`,
    )
  if (!there)
    throw new AttentionError(
      'form',
      `${name}.${member}: expected no lse, since only exact attentions have log-sums. Leave it out.`,
    )
  return true
}
