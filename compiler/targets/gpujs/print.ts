/**
 * A kernel of cells as a function of gpu.js, for its compilers and for a reader.
 *
 * gpu.js knows two kinds of number. Arguments, `this.thread` and the indexes of
 * counting loops are integers, with sums and products exact up to 2³¹; but what
 * a `const` holds is a float, exact up to 2²⁴, and so is what `/` and `%` give.
 * Numbers of rows and heads have names and are floats; an index of a buffer may
 * be larger, is never named, and is made of integers alone: `~~` makes one of
 * what became a float on the way.
 */
import type { CellKernel } from '../../kernel/target.ts'
import { cellOutput, wrap } from '../../kernel/target.ts'
import type { KernelSource } from '../../../runtime/program.ts'
import { Printer } from './javascript/printer.ts'
import { indented } from './javascript/text.ts'

/** The kernel as the text of a function, with the functions that it calls inside. */
export function gpujs(kernel: CellKernel): KernelSource {
  const { name, summary, inputs, body, result } = kernel
  const printer = new Printer(kernel)
  const lines = [...printer.statements(body), printer.result(result)]
  const parameters = [...inputs.map((input) => input.name), ...printer.integers.map(parameterOf)]
  return {
    code: [
      // gpu.js wants nothing before the function.
      `function ${name}(${parameters.join(', ')}) {`,
      `  // ${summary}`,
      ...indented([...printer.helpers, ...lines]).flatMap(wrap),
      '}',
      '',
    ].join('\n'),
    workgroupSize: 1,
    bindings: [...inputs, cellOutput].map(({ name: bound, access }) => ({ name: bound, access })),
    workgroupBytes: 0,
    integers: printer.integers,
  }
}

/** `k.length` is given as `kLength`. */
const parameterOf = (integer: string): string => integer.replace('.length', 'Length')
