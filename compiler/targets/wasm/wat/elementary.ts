/** Functions that WGSL has and WebAssembly has not, as formulas. */

import { helper } from '../../elementary/helper.ts'
import { polynomial } from '../../elementary/polynomials.ts'
import type { Helper, Lanes } from '../../elementary/helper.ts'

/** The least-maximum fit of (2^r − 1) / r for r in [0, 1]: 0.04 units in the last place of 2^r. */
const powers = ['0.69314706', '0.24022931', '0.055485282', '0.009675452', '0.0012467846', '2.1612918e-4']

/** 1.5·2^23 + 127: added to a whole number, it leaves the exponent of that power of two in the last bits. */
const lastBits = '12583039.0'

/** 2^x, 1.5 units in the last place off at most. */
export const exp2 = (lanes: Lanes): Helper =>
  helper('exp2', lanes, '2^x = 2^n·2^r where n = ⌊x⌋, and (2^r − 1) / r is a polynomial; 0 below −126', [
    `let bounded = clamp(x, ${lanes.f('-127.0')}, ${lanes.f('127.99999')});`,
    'let n = floor(bounded);',
    'let r = bounded - n;',
    `let scale = bitcast<${lanes.float}>(bitcast<${lanes.signed}>(n + ${lastBits}) << ${lanes.u('23u')});`,
    `return scale * (1.0 + r * (${polynomial('r', powers)}));`,
  ])

/** 1 with the sign of x; 0 of 0. */
export const sign = (lanes: Lanes): Helper => {
  const [zero, one] = [lanes.f('0.0'), lanes.f('1.0')]
  return helper('sign', lanes, '1 with the sign of x; 0 of 0', [
    `return select(${zero}, ${one}, x > ${zero}) - select(${zero}, ${one}, x < ${zero});`,
  ])
}

type Integer = 'i32' | 'u32'

const ofIntegers = (
  name: string,
  type: Integer,
  comment: string,
  parameters: string,
  value: string,
): Helper => ({
  name: `${name}_${type}`,
  source: `// ${comment}\nfn ${name}_${type}(${parameters}) -> ${type} {\n  return ${value};\n}`,
  uses: [],
})

/** The lesser of two integers. */
export const lesser = (type: Integer): Helper =>
  ofIntegers('min', type, 'the lesser of two', `a: ${type}, b: ${type}`, 'select(b, a, a < b)')

/** The greater of two integers. */
export const greater = (type: Integer): Helper =>
  ofIntegers('max', type, 'the greater of two', `a: ${type}, b: ${type}`, 'select(b, a, a > b)')

/** An integer without its sign. */
export const size = (type: Integer): Helper =>
  ofIntegers('abs', type, 'x without its sign', `x: ${type}`, 'select(x, 0 - x, x < 0)')

/** The quotient of integers, cut towards 0. */
export const quotient = (type: Integer): Helper =>
  ofIntegers('quotient', type, 'a / b, or a where b is 0', `a: ${type}, b: ${type}`, 'a / b')

/** What is left of an integer. */
export const remainder = (type: Integer): Helper =>
  ofIntegers('remainder', type, 'a % b, or 0 where b is 0', `a: ${type}, b: ${type}`, 'a % b')
