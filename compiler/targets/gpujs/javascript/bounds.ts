/**
 * Bounds within integers. There gpu.js makes integers of literals, also where they stand beside floats, and WebGL has no
 * `min` of a float and an integer. A function of its own has its literals for itself.
 */
import type { Value } from '../../../kernel/kernel.ts'
import { helper } from './helpers.ts'
import type { Helper } from './helpers.ts'

/** A bound of one value by a number. */
export interface Bound {
  readonly helper: Helper
  readonly value: Value
}

/** The bound that a call is; undefined where no argument of it is a number. */
export function boundOf(intrinsic: string, args: readonly Value[]): Bound | undefined {
  if (intrinsic === 'relu') return boundOf('max', [...args, { kind: 'number', type: 'f32', value: 0 }])
  if (intrinsic !== 'min' && intrinsic !== 'max') return undefined
  const limit = args.find((argument) => argument.kind === 'number')
  const value = args.find((argument) => argument.kind !== 'number')
  if (limit?.kind !== 'number' || value === undefined) return undefined
  const text = String(limit.value)
  const [word, comment] = intrinsic === 'min' ? ['atMost', 'no more than'] : ['atLeast', 'no less than']
  const name = `${word}${text.replace('-', 'Minus').replaceAll(/[^A-Za-z0-9]/g, '_')}`
  return {
    helper: helper(name, `x, and ${comment} ${text}`, [
      `const bounded = Math.${intrinsic}(x, ${text});`,
      'return bounded;',
    ]),
    value,
  }
}
