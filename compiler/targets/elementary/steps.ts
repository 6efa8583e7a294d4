/** Functions that choose by a comparison. */

import { helper } from './helper.ts'
import type { Helper, Lanes } from './helper.ts'

/** 1 where x is positive, else 0. */
export const step = (lanes: Lanes): Helper =>
  helper('step', lanes, '1 where x is positive, else 0', [
    `return select(${lanes.f('0.0')}, ${lanes.f('1.0')}, x > ${lanes.f('0.0')});`,
  ])

/** A choice, lane by lane. */
export const atMost = (lanes: Lanes): Helper =>
  helper('atMost', lanes, 'yes where a is at most b, else no', ['return select(no, yes, a <= b);'], {
    parameters: ['a', 'b', 'yes', 'no'],
  })
