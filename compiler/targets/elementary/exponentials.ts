/**
 * Exponentials and logarithms whose error does not grow with the argument, and
 * what is built from them. Devices promise little of their own: `exp` was seen
 * 57 units in the last place off, and `log` near 1 is right in absolute terms
 * only. Polynomials are least-maximum fits on the range named beside them.
 */

import { lowest } from '../../kernel/kernel.ts'
import { floatText } from '../../kernel/target.ts'
import { helper } from './helper.ts'
import type { Helper, Lanes } from './helper.ts'
import { artanhTail, polynomial } from './polynomials.ts'

const lowestText = floatText(lowest)

/** ln 2 in two parts, of which the first has 9 bits: its product with a binary exponent is exact. */
const [ln2High, ln2Low] = ['0.693359375', '2.1219444e-4']

/** x = n·ln 2 + r with |r| ≤ ½·ln 2, and `tail` = e^r − 1. */
const splitPower: readonly string[] = [
  'let n = round(bounded * 1.442695);',
  `let r = (bounded - n * ${ln2High}) + n * ${ln2Low};`,
  `let tail = r + r * r * (${polynomial('r', ['0.5', '0.16666538', '0.041666266', '0.008367247', '0.0013947599'])});`,
]

/** The float 2^exponent, made from its bits; 0 below the exponents of normal numbers. */
const powerOfTwo = ({ float, signed }: Lanes, exponent: string): string =>
  `bitcast<${float}>((${signed}(${exponent}) + 127) * 8388608)`

/** e^x; 0 below −87. */
export const exp = (lanes: Lanes): Helper =>
  helper('exp', lanes, 'e^x = 2^n·e^r where x = n·ln 2 + r, and e^r − 1 is a polynomial; 0 below −87', [
    `let bounded = clamp(x, ${lanes.f('-87.3')}, ${lanes.f('89.0')});`,
    ...splitPower,
    `let half = ${powerOfTwo(lanes, 'n - 1.0')};`,
    'return 2.0 * (half + half * tail);',
  ])

/** e^x − 1 for x ≤ 1, accurate near 0. */
export const expm1UpToOne = (lanes: Lanes): Helper =>
  helper('expm1', lanes, 'e^x − 1 for x ≤ 1, accurate near 0: 2^n·(e^r − 1) + (2^n − 1)', [
    `let bounded = clamp(x, ${lanes.f('-30.0')}, ${lanes.f('1.0')});`,
    ...splitPower,
    `let scale = ${powerOfTwo(lanes, 'n')};`,
    'return scale * tail + (scale - 1.0);',
  ])

const twiceAtanh = (lanes: Lanes): Helper =>
  helper('twice_atanh', lanes, '2·atanh s for |s| ≤ 1/3, odd in s; log((1 + s) / (1 − s))', [
    'let z = x * x;',
    `return 2.0 * (x + x * z * (${polynomial('z', artanhTail)}));`,
  ])

/** x = 2^e·m with m in [√½, √2), and s such that log m = 2·atanh s. */
const splitExponent = ({ float, signed, unsigned, f, u }: Lanes): string[] => [
  `let bits = bitcast<${unsigned}>(max(x, ${f('1.1754944e-38')}));`,
  `let exponent = bitcast<${signed}>(bits - 0x3f3504f3u) >> ${u('23u')};`,
  `let mantissa = bitcast<${float}>(bits - (bitcast<${unsigned}>(exponent) << ${u('23u')}));`,
  `let e = ${float}(exponent);`,
  'let s = (mantissa - 1.0) / (mantissa + 1.0);',
]

/** The natural logarithm. */
export const log = (lanes: Lanes): Helper => {
  const inner = twiceAtanh(lanes)
  return helper(
    'log',
    lanes,
    `log x = e·ln 2 + log m, where x = 2^e·m; ${lowestText} stands for log 0`,
    [
      ...splitExponent(lanes),
      `let value = e * ${ln2High} + (${inner.name}(s) - e * ${ln2Low});`,
      `return select(value, ${lanes.f(lowestText)}, x <= ${lanes.f('0.0')});`,
    ],
    { uses: [inner] },
  )
}

/** The logarithm to base 2. */
export const log2 = (lanes: Lanes): Helper => {
  const inner = twiceAtanh(lanes)
  return helper(
    'log2',
    lanes,
    `log2 x = e + log2 m, where x = 2^e·m; ${lowestText} stands for log2 0`,
    [
      ...splitExponent(lanes),
      `let value = e + ${inner.name}(s) * 1.442695;`,
      `return select(value, ${lanes.f(lowestText)}, x <= ${lanes.f('0.0')});`,
    ],
    { uses: [inner] },
  )
}

/** x above 0, e^x − 1 below. */
export const elu = (lanes: Lanes): Helper => {
  const inner = expm1UpToOne(lanes)
  return helper(
    'elu',
    lanes,
    'x where positive, else e^x − 1',
    [`return select(${inner.name}(x), x, x > ${lanes.f('0.0')});`],
    { uses: [inner] },
  )
}

/** 1 / (1 + e^−x). */
export const sigmoid = (lanes: Lanes): Helper => {
  const inner = exp(lanes)
  return helper(
    'sigmoid',
    lanes,
    '1 / (1 + e^−x), with e^−|x| so that nothing overflows',
    [
      `let fall = ${inner.name}(-abs(x));`,
      `return select(fall, ${lanes.f('1.0')}, x >= ${lanes.f('0.0')}) / (1.0 + fall);`,
    ],
    { uses: [inner] },
  )
}

/** x times the sigmoid of x. */
export const silu = (lanes: Lanes): Helper => {
  const inner = sigmoid(lanes)
  return helper('silu', lanes, 'x·sigmoid x', [`return x * ${inner.name}(x);`], { uses: [inner] })
}

/** log(1 + e^x). */
export const softplus = (lanes: Lanes): Helper => {
  const [fall, log1p] = [exp(lanes), twiceAtanh(lanes)]
  return helper(
    'softplus',
    lanes,
    'log(1 + e^x) = max(x, 0) + log(1 + t), t = e^−|x|, and log(1 + t) = 2·atanh(t / (2 + t))',
    [`let t = ${fall.name}(-abs(x));`, `return max(x, ${lanes.f('0.0')}) + ${log1p.name}(t / (2.0 + t));`],
    { uses: [fall, log1p] },
  )
}
