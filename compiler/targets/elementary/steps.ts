/** Functions of the sign alone. */

import { helper } from './helper.ts'
import type { Helper, Lanes } from './helper.ts'

/** 1 where x is positive, else 0. */
export const step = (lanes: Lanes): Helper =>
  helper('step', lanes, '1 where x is positive, else 0', [
    `return select(${lanes.f('0.0')}, ${lanes.f('1.0')}, x > ${lanes.f('0.0')});`,
  ])
