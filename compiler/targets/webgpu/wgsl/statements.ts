/** Statements as lines of WGSL, two spaces deeper in each block. */

import type { Statement, Value } from '../../../kernel/kernel.ts'
import { bodiesOf } from '../../../kernel/walk.ts'
import { wgslName } from './names.ts'
import type { ValuePrinter } from './values.ts'

/** Lines of WGSL, indented by the blocks around them. */
export function printStatements(statements: readonly Statement[], values: ValuePrinter): string[] {
  return statements.flatMap((statement) => printStatement(statement, values))
}

function printStatement(statement: Statement, values: ValuePrinter): string[] {
  switch (statement.kind) {
    case 'comment':
      return [`// ${statement.text}`]
    case 'let':
    case 'var':
      return [`${statement.kind} ${wgslName(statement.name)} = ${values.print(statement.value)};`]
    case 'assign':
      return [printAssign(statement, values)]
    case 'for': {
      const index = wgslName(statement.index)
      const step = statement.step === 1 ? `${index}++` : `${index} += ${statement.step}u`
      const [from, to] = [values.print(statement.from), endOf(statement, values)]
      return [
        `for (var ${index} = ${from}; ${index} < ${to}; ${step}) {`,
        ...indented(printStatements(statement.body, values)),
        '}',
      ]
    }
    case 'if':
      return [
        isTrue(statement.condition) ? '{' : `if (${values.print(statement.condition)}) {`,
        ...indented(printStatements(statement.then, values)),
        ...otherwise(statement.otherwise ?? [], values),
      ]
    case 'store':
      return [
        `${wgslName(statement.buffer)}[${values.print(statement.index)}] = ${values.print(statement.value)};`,
      ]
    case 'sharedStore':
      return [
        `${wgslName(statement.array)}[${values.print(statement.index)}] = ${values.print(statement.value)};`,
      ]
    case 'barrier':
      return ['workgroupBarrier();']
  }
}

/** The condition of a block that only bounds names. */
const isTrue = ({ kind, ...condition }: Value): boolean =>
  kind === 'number' && 'value' in condition && condition.value === 1

/**
 * Where a loop ends. Compilers of shaders write out all rounds of a loop whose number of rounds they know, and those
 * that make coroutines of barriers take seconds for what comes of it. A factor of 1 that they do not know keeps loops
 * around barriers rolled up, and those that say so. Others are left to them, since unrolling may pay there.
 */
function endOf({ from, to, step, rolled, body }: Loop, values: ValuePrinter): string {
  const printed = values.print(to)
  if (from.kind !== 'number' || to.kind !== 'number' || to.value - from.value <= step) return printed
  return rolled === true || body.some(hasBarrier) ? `${printed} * ${values.unknownOne}` : printed
}

type Loop = Extract<Statement, { kind: 'for' }>

const hasBarrier = (statement: Statement): boolean =>
  statement.kind === 'barrier' || bodiesOf(statement).some((body) => body.some(hasBarrier))

/** `sum += a * b`, where the sum is what it is added to. */
function printAssign(
  { target, value }: Extract<Statement, { kind: 'assign' }>,
  values: ValuePrinter,
): string {
  const name = values.print(target)
  const shorter = value.kind === 'binary' && ['+', '-', '*'].includes(value.operator)
  return shorter && values.print(value.left) === name
    ? `${name} ${value.operator}= ${values.print(value.right)};`
    : `${name} = ${values.print(value)};`
}

function otherwise(statements: readonly Statement[], values: ValuePrinter): string[] {
  const [only] = statements
  if (only === undefined) return ['}']
  if (statements.length === 1 && only.kind === 'if') {
    const [head, ...rest] = printStatement(only, values)
    return [`} else ${head}`, ...rest]
  }
  return ['} else {', ...indented(printStatements(statements, values)), '}']
}

/** One level deeper. */
export const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`)
