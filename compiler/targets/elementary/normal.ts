/** The normal distribution, and the functions made of it: erf and gelu, accurate in the tails too. */

import { exp } from './exponentials.ts'
import { helper, polynomial } from './helper.ts'
import type { Helper, Lanes } from './helper.ts'

/** Of e^(x²/2)·tail(x)·(x + 4) in (x − 4)/(x + 4), for x from 0 to 20. */
const tail = [
  '0.75528514',
  '-0.6078965',
  '0.38713714',
  '-0.18652493',
  '0.060399957',
  '-0.007517869',
  '-0.0034927882',
  '0.0015646061',
  '1.4755054e-4',
  '-1.4831076e-4',
]

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
      `let ratio = ${polynomial('u', tail)};`,
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
  const near = ['1.1283791', '-0.37612325', '0.1128018', '-0.026711311', '0.0049175513', '-5.631422e-4']
  return helper(
    'erf',
    lanes,
    'erf x: a polynomial up to 1, beyond by the normal tail',
    [
      `let square = min(x * x, ${lanes.f('1.0')});`,
      `let near = x * (${polynomial('square', near)});`,
      `let far = sign(x) * (1.0 - 2.0 * ${inner.name}(abs(x) * 1.4142135));`,
      `return select(far, near, abs(x) < ${lanes.f('1.0')});`,
    ],
    { uses: [inner] },
  )
}
