/** How WAT spells each intrinsic: one row per name, and a missing row does not compile. */

import { invariant } from '../../diagnostics/invariant.ts'
import type { IntrinsicName } from '../../kernel/target.ts'
import type { Helper } from '../elementary/helper.ts'
import { defined, elementaryRows, reluBy } from '../elementary/rows.ts'
import type { Row } from '../elementary/rows.ts'
import { exp2, greater, lesser, sign, size } from './wat/elementary.ts'
import { floatFunctions } from './wat/instructions.ts'

const builtin =
  (name: keyof typeof floatFunctions, otherwise?: (type: 'i32' | 'u32') => Helper): Row =>
  (args, type) => {
    if (type === 'i32' || type === 'u32') {
      invariant(otherwise !== undefined, `${name} takes no integers`)
      return { helper: otherwise(type), args }
    }
    return { instruction: floatFunctions[name][type === 'vec4f' ? 'vector' : 'scalar'], args }
  }

/** The spelling of each intrinsic, for scalars and for vectors. */
export const watOperators: Record<IntrinsicName, Row> = {
  ...elementaryRows,
  exp2: defined(exp2),
  sqrt: builtin('sqrt'),
  abs: builtin('abs', size),
  sign: defined(sign),
  floor: builtin('floor'),
  min: builtin('min', lesser),
  max: builtin('max', greater),
  relu: reluBy(builtin('max')),
  fma: ([a, b, c], type) => {
    invariant(a !== undefined && b !== undefined && c !== undefined, 'fma has three arguments')
    if (type === 'vec4f') return { instruction: 'f32x4.relaxed_madd', args: [a, b, c] }
    return { instruction: 'f32.add', args: [c, { kind: 'binary', operator: '*', left: a, right: b }] }
  },
}
