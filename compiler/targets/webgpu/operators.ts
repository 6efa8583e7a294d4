/** How WGSL spells each intrinsic: one row per name, and a missing row does not compile. */

import type { IntrinsicName } from '../../kernel/target.ts'
import { elementaryRows, reluBy } from '../elementary/rows.ts'
import type { Row } from '../elementary/rows.ts'

const builtin =
  (instruction: string): Row =>
  (args) => ({ instruction, args })

/** The spelling of each intrinsic, for scalars and for vectors. */
export const wgslOperators: Record<IntrinsicName, Row> = {
  ...elementaryRows,
  exp2: builtin('exp2'),
  sqrt: builtin('sqrt'),
  abs: builtin('abs'),
  sign: builtin('sign'),
  floor: builtin('floor'),
  min: builtin('min'),
  max: builtin('max'),
  relu: reluBy(builtin('max')),
  fma: builtin('fma'),
}
