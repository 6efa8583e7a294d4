/** x to a constant exponent: multiplications where the exponent is a small integer, or one and a half. */

import { log2 } from './exponentials.ts'
import { helper } from './helper.ts'
import type { Helper, Lanes } from './helper.ts'

/** Beyond, logarithms cost less than multiplications. */
const mostMultiplied = 64

/** The function x to `exponent`, whose literal is `text`. */
export function power(exponent: number, text: string, lanes: Lanes): Helper {
  const size = Math.abs(exponent)
  const name = `power_${text.replace(/^-/, 'minus_').replace(/\.0$/, '').replace('.', '_point_').replace('-', '_minus_')}`
  const comment = `x^${text.replace(/\.0$/, '')}`
  if (size > mostMultiplied || !Number.isInteger(size * 2))
    return byLogarithm(name, comment, exponent, text, lanes)
  const steps = multiplied(Math.floor(size), !Number.isInteger(size), lanes)
  const result = exponent < 0 ? `1.0 / (${steps.result})` : steps.result
  return helper(name, lanes, comment, [...steps.lines, `return ${result};`])
}

/** Squares as far as the exponent has bits, and the product of those whose bit is set. */
function multiplied(whole: number, half: boolean, lanes: Lanes): { lines: string[]; result: string } {
  const lines: string[] = []
  const factors: string[] = []
  for (let bit = 1, name = 'x'; bit <= whole; bit *= 2) {
    if (whole & bit) factors.unshift(name)
    if (bit * 2 > whole) break
    lines.push(`let x${bit * 2} = ${name} * ${name};`)
    name = `x${bit * 2}`
  }
  if (half) factors.push('sqrt(x)')
  return { lines, result: factors.length === 0 ? lanes.f('1.0') : factors.join(' * ') }
}

function byLogarithm(name: string, comment: string, exponent: number, text: string, lanes: Lanes): Helper {
  const inner = log2(lanes)
  const even = !Number.isInteger(exponent)
  const size = `exp2(${text} * ${inner.name}(${even ? 'x' : 'abs(x)'}))`
  const signed = !even && exponent % 2 !== 0 ? `sign(x) * ${size}` : size
  return helper(name, lanes, comment, [`return ${signed};`], { uses: [inner] })
}
