/** Hyperbolic functions: relative accuracy near 0, and no overflow before the result does. */

import { exp, expm1UpToOne } from './exponentials.ts'
import { helper } from './helper.ts'
import type { Helper, Lanes } from './helper.ts'

/** The hyperbolic tangent. */
export const tanh = (lanes: Lanes): Helper => {
  const inner = expm1UpToOne(lanes)
  return helper(
    'tanh',
    lanes,
    'tanh |x| = −t / (t + 2), t = e^−2|x| − 1',
    [`let t = ${inner.name}(-2.0 * abs(x));`, 'return sign(x) * (-t / (t + 2.0));'],
    { uses: [inner] },
  )
}

/** The hyperbolic cosine. */
export const cosh = (lanes: Lanes): Helper => {
  const inner = exp(lanes)
  return helper(
    'cosh',
    lanes,
    '(e^|x| + e^−|x|) / 2, by the square of e^|x/2|',
    [`let root = ${inner.name}(0.5 * abs(x));`, 'return (0.5 * root) * root + (0.5 / root) / root;'],
    { uses: [inner] },
  )
}

/** The hyperbolic sine. */
export const sinh = (lanes: Lanes): Helper => {
  const [large, small] = [exp(lanes), expm1UpToOne(lanes)]
  return helper(
    'sinh',
    lanes,
    '(e^|x| − e^−|x|) / 2, by the square of e^|x/2|; below 1 by t = e^|x| − 1, as (t + t / (t + 1)) / 2',
    [
      'let size = abs(x);',
      `let root = ${large.name}(0.5 * size);`,
      `let t = ${small.name}(size);`,
      'let far = (0.5 * root) * root - (0.5 / root) / root;',
      `return sign(x) * select(far, 0.5 * (t + t / (t + 1.0)), size < ${lanes.f('1.0')});`,
    ],
    { uses: [large, small] },
  )
}
