/** Sizes of a call, spelt as the functions of a generated module. */
import type { Size } from '../../runtime/contract/size.ts'

/** A size as a JavaScript function of the shape: `(s) => s.batch * s.heads * 64`. */
export function printSize(size: Size): string {
  return typeof size === 'number' ? `() => ${size}` : `(s) => ${expression(size, false)}`
}

/** Several sizes as one such function: `(s) => [64, s.length, s.batch * s.heads]`. */
export function printSizes(sizes: readonly Size[]): string {
  const parameter = sizes.some((size) => typeof size !== 'number') ? '(s)' : '()'
  return `${parameter} => [${sizes.map((size) => expression(size, false)).join(', ')}]`
}

function expression(size: Size, underProduct: boolean): string {
  if (typeof size === 'number') return String(size)
  if (typeof size === 'string') return `s.${size}`
  const [operator, left, right] = size
  if (right === 1 && (operator === '*' || operator === 'ceildiv')) return expression(left, underProduct)
  switch (operator) {
    case '+': {
      const sum = `${expression(left, false)} + ${expression(right, false)}`
      return underProduct ? `(${sum})` : sum
    }
    case '*':
      return `${expression(left, true)} * ${expression(right, true)}`
    case 'ceildiv':
      return `Math.ceil(${expression(left, true)} / ${divisor(right)})`
    case 'max':
      return `Math.max(${expression(left, false)}, ${expression(right, false)})`
  }
}

/** `/` binds to the left, so that a product below it needs parentheses. */
const divisor = (size: Size): string =>
  typeof size === 'object' && size[0] === '*' ? `(${expression(size, true)})` : expression(size, true)
