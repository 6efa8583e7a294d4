/** A whole call, checked: nothing reaches a backend that has not passed here. */
import type { WideTensor } from '../attention.ts'
import type { Program } from '../program.ts'
import { queryLengthsOf } from '../contract/query-lengths.ts'
import { isBuffer, refuseUnknown, requireObject } from './describe.ts'
import { checkHeads } from './heads.ts'
import { checkLengths, lengthNames } from './lengths.ts'
import type { CheckedLengths, LengthsName } from './lengths.ts'
import { checkSizes, sizeMembers } from './sizes.ts'
import type { CallSizes } from './sizes.ts'
import { checkTensors } from './tensors.ts'
import type { TensorName } from './tensors.ts'

export interface CheckedCall {
  readonly sizes: CallSizes
  /** True where the tensors are Float32Array. */
  readonly onHost: boolean
  readonly tensors: ReadonlyMap<string, WideTensor>
  /** Key rows of each batch item that count, and query rows; all where nothing says so. */
  readonly lengths: CheckedLengths
  readonly queryLengths: CheckedLengths
}

const qkv = ['q', 'k', 'v'] as const

/** All that a call may bring beside tensors that only some calls have. */
const members: readonly string[] = [...qkv, 'out', ...Object.keys(lengthNames), ...sizeMembers]

/**
 * `names` are required; `out` may come with buffers, and is required where it is among `names`.
 *
 * @param known sizes, where they are not the call's to say
 */
export function checkCall(
  program: Program,
  member: string,
  given: unknown,
  names: readonly TensorName[] = qkv,
  known?: CallSizes,
): CheckedCall {
  const where = `${program.name}.${member}`
  requireObject(where, given)
  const { takeInputs } = program
  refuseUnknown(where, given, [...new Set([...names, ...members, takeInputs ? 'inputs' : 'q'])])
  const sizes = known ?? checkSizes(where, given)
  if (program.keysAreQueries === true && sizes.keyLength !== sizes.length) {
    throw new RangeError(
      `${where}: the rows of q are the keys, so keyLength must be length; they are ${sizes.keyLength} and ${sizes.length}.`,
    )
  }
  const rows = Math.max(sizes.length, sizes.keyLength)
  if (program.longest !== undefined && rows > program.longest) {
    throw new RangeError(
      `${where}: the integers of its mask are exact for at most ${program.longest} rows; the call has ${rows}.`,
    )
  }
  const all = given['out'] === undefined ? names : [...new Set([...names, 'out' as const])]
  const tensors = checkTensors(where, given, all, sizes, program)
  checkHeads(where, program, sizes.heads)
  const onHost = !isBuffer(tensors.get('q'))
  const out = tensors.get('out')
  if (onHost && out !== undefined) {
    throw new TypeError(
      `${where}: out goes with GPUBuffer tensors; for Float32Array the result is a new one.`,
    )
  }
  for (const [name, tensor] of tensors) {
    if (out === tensor && name !== 'out') {
      throw new TypeError(
        `${where}: out must be another buffer than ${name}, which is read while out is written.`,
      )
    }
  }
  const lengthsOf = (name: LengthsName): CheckedLengths => checkLengths(where, given, name, sizes, !onHost)
  const lengths = lengthsOf('lengths')
  const queryLengths = queryLengthsOf({
    length: sizes.length,
    keyLength: sizes.keyLength,
    lengths,
    queryLengths: lengthsOf('queryLengths'),
  })
  takeInputs?.(where, program, given, sizes, tensors)
  return { sizes, onHost, tensors, lengths, queryLengths }
}
