import { expect, test } from 'vitest'
import * as ir from '../../compiler/kernel/build.ts'
import { floatText } from '../../compiler/kernel/float-text.ts'
import { print, printValue } from '../../compiler/kernel/print.ts'
import { logSumExp, matmul, scan } from './samples.ts'

test.each([matmul, logSumExp, scan])('$name is as the golden file has it', async (kernel) => {
  await expect(print(kernel)).toMatchFileSnapshot(`../golden/kernels/${kernel.name}.txt`)
})

test('floats are as short as they can be, and read back as they were', () => {
  const samples = [0, 1, -2.5, 0.1, 1 / 3, 16777216, 1e-30, 3.4028234663852886e38, 1.401298464324817e-45]
  expect(samples.map((sample) => floatText(sample))).toEqual([
    '0.0',
    '1.0',
    '-2.5',
    '0.1',
    '0.33333334',
    '16777216.0',
    '1e-30',
    '3.4028235e38',
    '1e-45',
  ])
  for (const sample of samples) expect(Math.fround(Number(floatText(sample)))).toBe(Math.fround(sample))
  expect(floatText(-0)).toBe('-0.0')
})

test('a printed value has the parentheses that it needs and no others', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => ir.name(name, 'f32')) as [
    ir.Operand,
    ir.Operand,
    ir.Operand,
  ]
  const printed = [
    ir.add(ir.add(a, b), c),
    ir.add(a, ir.add(b, c)),
    ir.mul(ir.sub(a, b), c),
    ir.lt(ir.add(a, b), c),
  ]
  expect(printed.map(printValue)).toEqual(['a + b + c', 'a + (b + c)', '(a - b) * c', 'a + b < c'])
})
