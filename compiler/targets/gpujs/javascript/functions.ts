/**
 * Elementary functions as gpu.js does not have them, or not to the last digits:
 * relative accuracy near 0, and tails.
 * Polynomials are least-maximum fits on the range named beside them.
 */
import { lowest } from '../../../kernel/kernel.ts'
import { floatText } from '../../../kernel/target.ts'
import { artanhTail, errorNearZero, normalTailRatio, polynomial } from '../../elementary/polynomials.ts'
import { helper } from './helpers.ts'
import type { Helper } from './helpers.ts'

const lowestText = floatText(lowest)

/** `lowest` stands for the logarithm of 0. */
export const logarithm: Helper = helper('logarithm', `log x; ${lowestText} stands for log 0`, [
  'if (x > 0) {',
  '  return Math.log(x);',
  '}',
  `return ${lowestText};`,
])

/** The logarithm to base 2. */
export const logarithm2: Helper = helper(
  'logarithm2',
  `the logarithm to base 2; ${lowestText} stands for that of 0`,
  ['if (x > 0) {', '  return Math.log(x) * 1.442695;', '}', `return ${lowestText};`],
)

/** Up to ¼, by the series of the exponential. */
const exponentialMinusOne: Helper = helper('exponentialMinusOne', 'e^x - 1, accurate near 0', [
  'if (Math.abs(x) < 0.25) {',
  `  return x * (${polynomial('x', ['1', '0.5', '0.16666667', '0.041666668', '0.008333334', '0.0013888889'])});`,
  '}',
  'return Math.exp(x) - 1;',
])

/** x above 0, e^x − 1 below. */
export const elu: Helper = helper(
  'elu',
  'x where positive, else e^x - 1',
  ['if (x > 0) {', '  return x;', '}', 'return exponentialMinusOne(x);'],
  { uses: [exponentialMinusOne] },
)

/** 1 / (1 + e^−x). */
export const sigmoid: Helper = helper('sigmoid', '1 / (1 + e^-x), by e^-|x| so that nothing overflows', [
  'const fall = Math.exp(-Math.abs(x));',
  'if (x >= 0) {',
  '  return 1 / (1 + fall);',
  '}',
  'return fall / (1 + fall);',
])

/** x times the sigmoid of x. */
export const silu: Helper = helper('silu', 'x times the sigmoid of x', ['return x * sigmoid(x);'], {
  uses: [sigmoid],
})

/** log(1 + e^x). */
export const softplus: Helper = helper(
  'softplus',
  'log(1 + e^x) = max(x, 0) + log(1 + t), where t = e^-|x|, by the series of the inverse hyperbolic tangent',
  [
    'const t = Math.exp(-Math.abs(x));',
    'const s = t / (2 + t);',
    'const z = s * s;',
    `return Math.max(x, 0) + 2 * (s + s * z * (${polynomial('z', artanhTail)}));`,
  ],
)

/** The hyperbolic tangent. */
export const tanh: Helper = helper(
  'tangent',
  'tanh |x| = -t / (t + 2), where t = e^(-2|x|) - 1',
  ['const t = Math.max(exponentialMinusOne(-2 * Math.abs(x)), -1);', 'return Math.sign(x) * (-t / (t + 2));'],
  { uses: [exponentialMinusOne] },
)

/** The hyperbolic cosine. */
export const cosh: Helper = helper('hyperbolicCosine', '(e^|x| + e^-|x|) / 2, by the square of e^|x/2|', [
  'const root = Math.exp(0.5 * Math.abs(x));',
  'return 0.5 * root * root + 0.5 / root / root;',
])

/** The hyperbolic sine. */
export const sinh: Helper = helper(
  'hyperbolicSine',
  '(e^|x| - e^-|x|) / 2; below 1 by t = e^|x| - 1, as (t + t / (t + 1)) / 2',
  [
    'const size = Math.abs(x);',
    'if (size < 1) {',
    '  const t = Math.max(exponentialMinusOne(size), 0);',
    '  return Math.sign(x) * 0.5 * (t + t / (t + 1));',
    '}',
    'const root = Math.exp(0.5 * size);',
    'return Math.sign(x) * (0.5 * root * root - 0.5 / root / root);',
  ],
  { uses: [exponentialMinusOne] },
)

const normalTail: Helper = helper(
  'normalTail',
  'how likely a normal number exceeds x, from 0; x * x is split, its upper part exact',
  [
    'const bounded = Math.min(x, 20);',
    'const high = Math.floor(bounded * 64) / 64;',
    'const fall = Math.exp(-0.5 * high * high) * Math.exp(-0.5 * (bounded - high) * (bounded + high));',
    'const u = (bounded - 4) / (bounded + 4);',
    `return fall * (${polynomial('u', normalTailRatio)}) / (bounded + 4);`,
  ],
)

/** x·Φ(x), Φ the normal distribution function. */
export const gelu: Helper = helper(
  'gelu',
  'x times the chance that a normal number is below x',
  [
    'const beyond = Math.max(normalTail(Math.abs(x)), 0);',
    'if (x > 0) {',
    '  return x * (1 - beyond);',
    '}',
    'return x * beyond;',
  ],
  { uses: [normalTail] },
)

/** The error function. */
export const erf: Helper = helper(
  'errorFunction',
  'erf x: a polynomial up to 1, beyond by the normal tail',
  [
    'if (Math.abs(x) < 1) {',
    '  const square = Math.abs(x) * Math.abs(x);',
    `  return x * (${polynomial('square', errorNearZero)});`,
    '}',
    'return Math.sign(x) * (1 - 2 * normalTail(Math.abs(x) * 1.4142135));',
  ],
  { uses: [normalTail] },
)
