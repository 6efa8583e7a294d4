/** x to a constant exponent: multiplications where it is a small integer, or one and a half. */
import { logarithm } from './functions.ts'
import { helper } from './helpers.ts'
import type { Helper } from './helpers.ts'

/** Beyond, logarithms cost less than multiplications. */
const mostMultiplied = 64

/** @param text the exponent as it is written */
export function power(exponent: number, text: string): Helper {
  const size = Math.abs(exponent)
  const name = `power_${text.replace(/^-/, 'minus_').replace('.', '_point_').replace('-', '_minus_')}`
  const comment = `x^${text}`
  if (size > mostMultiplied || !Number.isInteger(size * 2)) return byLogarithm(name, comment, exponent, text)
  if (exponent === 2) return helper(name, comment, ['return x * x;'])
  const factors: string[] = []
  const lines: string[] = []
  const whole = Math.floor(size)
  for (let bit = 1, factor = 'x'; bit <= whole; bit *= 2) {
    if (whole & bit) factors.unshift(factor)
    if (bit * 2 > whole) break
    const even = bit === 1 ? 'Math.abs(x)' : factor
    lines.push(`const x${bit * 2} = ${even} * ${even};`)
    factor = `x${bit * 2}`
  }
  if (!Number.isInteger(size)) factors.push('Math.sqrt(x)')
  const product = factors.length === 0 ? '1' : factors.join(' * ')
  return helper(name, comment, [...lines, `return ${exponent < 0 ? `1 / (${product})` : product};`])
}

function byLogarithm(name: string, comment: string, exponent: number, text: string): Helper {
  const whole = Number.isInteger(exponent)
  const size = `Math.exp(${text} * logarithm(${whole ? 'Math.abs(x)' : 'x'}))`
  const signed = whole && exponent % 2 !== 0 ? `Math.sign(x) * ${size}` : size
  return helper(name, comment, [`return ${signed};`], { uses: [logarithm] })
}
