/**
 * Sizes known at a call, as data: how many elements a buffer has, how many
 * workgroups a dispatch. Written by the schedule in the fields of the shape,
 * evaluated on the host, and printed as the functions of a generated module.
 */
import type { ShapeField } from '../kernel/kernel.ts'

export type Size = number | ShapeField | readonly [SizeOperator, Size, Size]
/** `ceildiv` rounds the quotient up. */
export type SizeOperator = '+' | '*' | 'ceildiv' | 'max'

export function evaluateSize(size: Size, shape: Readonly<Record<ShapeField, number>>): number {
  if (typeof size === 'number') return size
  if (typeof size === 'string') return shape[size]
  const [operator, left, right] = size
  const [a, b] = [evaluateSize(left, shape), evaluateSize(right, shape)]
  switch (operator) {
    case '+':
      return a + b
    case '*':
      return a * b
    case 'ceildiv':
      return Math.ceil(a / b)
    case 'max':
      return Math.max(a, b)
  }
}

/** As a JavaScript function of the shape: `(s) => s.batch * s.heads * 64`. */
export function printSize(size: Size): string {
  return typeof size === 'number' ? `() => ${size}` : `(s) => ${expression(size, false)}`
}

/** Of several sizes at once: `(s) => [64, s.length, s.batch * s.heads]`. */
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

/** `/` binds to the left: what it divides by stands in parentheses unless it is one word. */
const divisor = (size: Size): string =>
  typeof size === 'object' && size[0] === '*' ? `(${expression(size, true)})` : expression(size, true)
