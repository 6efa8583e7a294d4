/** The normal distribution, and the functions made of it: erf and gelu, accurate in the tails too. */

import { exp } from './exponentials.ts'
import { helper } from './helper.ts'
import type { Helper, Lanes } from './helper.ts'
import { errorNearZero, normalTailRatio, polynomial } from './polynomials.ts'

const normalTail = (lanes: Lanes): Helper => {
  const inner = exp(lanes)
  return helper(
    'normal_tail',
    lanes,
    'how likely a normal number exceeds x ≥ 0; x² is split, its upper part exact',
    [
      `let bounded = min(x, ${lanes.f('20.0')});`,
      `let high = bitcast<${lanes.float}>(bitcast<${lanes.unsigned}>(bounded) & ${lanes.u('0xfffff000u')});`,
      `let fall = ${inner.name}(-0.5 * high * high) * ${inner.name}(-0.5 * (bounded - high) * (bounded + high));`,
      'let u = (bounded - 4.0) / (bounded + 4.0);',
      `let ratio = ${polynomial('u', normalTailRatio)};`,
      'return fall * ratio / (bounded + 4.0);',
    ],
    { uses: [inner] },
  )
}

/** x·Φ(x), Φ the normal distribution function. */
export const gelu = (lanes: Lanes): Helper => {
  const inner = normalTail(lanes)
  return helper(
    'gelu',
    lanes,
    'x times the chance that a normal number is below x',
    [
      `let beyond = ${inner.name}(abs(x));`,
      `return x * select(beyond, 1.0 - beyond, x > ${lanes.f('0.0')});`,
    ],
    { uses: [inner] },
  )
}

/** The error function. */
export const erf = (lanes: Lanes): Helper => {
  const inner = normalTail(lanes)
  return helper(
    'erf',
    lanes,
    'erf x: a polynomial up to 1, beyond by the normal tail',
    [
      `let square = min(x * x, ${lanes.f('1.0')});`,
      `let near = x * (${polynomial('square', errorNearZero)});`,
      `let far = sign(x) * (1.0 - 2.0 * ${inner.name}(abs(x) * 1.4142135));`,
      `return select(far, near, abs(x) < ${lanes.f('1.0')});`,
    ],
    { uses: [inner] },
  )
}
