/**
 * The text of a kernel, for people: `attnc explain` shows it and golden files
 * hold it. Declarations say `let` or `var`, indentation is structure.
 */

import { floatText } from './float-text.ts'
import type { Kernel, Statement, Value } from './kernel.ts'
import { sharedBytes } from './limits.ts'
import { needsParentheses } from './precedence.ts'
import { wrap } from './wrap.ts'

/**
 * The kernel's text: its name and summary, threads and workgroups, buffers and shared arrays, then the body
 * line by line.
 */
export function print(kernel: Kernel): string {
  const bytes = sharedBytes(kernel)
  const head = [
    `kernel ${kernel.name}: ${kernel.summary}`,
    `  runs     ${kernel.workgroupSize} threads in each of ${printValue(kernel.count)} workgroups`,
    ...kernel.bindings.map(
      ({ name, element, access }) => `  ${access === 'read' ? 'reads   ' : 'writes  '} ${name}: ${element}[]`,
    ),
    ...kernel.shared.map(({ name, element, length }) => `  shares   ${name}: ${element}[${length}]`),
    ...(bytes > 0 ? [`           ${bytes} bytes in a workgroup`] : []),
  ]
  return `${[...head, '', ...lines(kernel.body, '  ').flatMap(wrap)].join('\n')}\n`
}

function lines(statements: readonly Statement[], indent: string): string[] {
  return statements.flatMap((statement) => printStatement(statement, indent))
}

function printStatement(statement: Statement, indent: string): string[] {
  const inner = `${indent}  `
  switch (statement.kind) {
    case 'comment':
      return [`${indent}# ${statement.text}`]
    case 'let':
    case 'var':
      return [
        `${indent}${statement.kind} ${statement.name}: ${statement.type} = ${printValue(statement.value)}`,
      ]
    case 'assign':
      return [`${indent}${printValue(statement.target)} = ${printValue(statement.value)}`]
    case 'for': {
      const { index, from, to, step, body } = statement
      const by = step === 1 ? '' : ` by ${step}`
      return [
        `${indent}for ${index} from ${printValue(from)} below ${printValue(to)}${by}`,
        ...lines(body, inner),
      ]
    }
    case 'if':
      return [
        isTrue(statement.condition) ? `${indent}block` : `${indent}if ${printValue(statement.condition)}`,
        ...lines(statement.then, inner),
        ...(statement.otherwise === undefined ? [] : [`${indent}else`, ...lines(statement.otherwise, inner)]),
      ]
    case 'store':
      return [`${indent}${statement.buffer}[${printValue(statement.index)}] = ${printValue(statement.value)}`]
    case 'sharedStore':
      return [`${indent}${statement.array}[${printValue(statement.index)}] = ${printValue(statement.value)}`]
    case 'barrier':
      return [`${indent}barrier`]
  }
}

/** The text of one value, with parentheses only where precedence asks for them. */
export function printValue(value: Value): string {
  const part = (
    child: Value,
    parent: Parameters<typeof needsParentheses>[0],
    side: 'left' | 'right' = 'right',
  ): string => {
    const text = printValue(child)
    return needsParentheses(parent, child, side) ? `(${text})` : text
  }
  switch (value.kind) {
    case 'number':
      return printNumber(value)
    case 'name':
      return value.name
    case 'thread':
    case 'workgroup':
      return value.kind
    case 'shape':
      return value.field
    case 'bufferLength':
      return `length(${value.buffer})`
    case 'load':
      return `${value.buffer}[${printValue(value.index)}]`
    case 'sharedLoad':
      return `${value.array}[${printValue(value.index)}]`
    case 'lane':
      return `${part(value.vector, 'postfix')}.${'xyzw'.charAt(value.lane)}`
    case 'vec4':
      return `vec4(${value.lanes.map(printValue).join(', ')})`
    case 'splat':
      return `vec4(${printValue(value.value)})`
    case 'unary':
      return `${value.operator}${part(value.operand, 'prefix')}`
    case 'binary':
      return `${part(value.left, value.operator, 'left')} ${value.operator} ${part(value.right, value.operator)}`
    case 'select':
      return `select(${printValue(value.condition)}, ${printValue(value.yes)}, ${printValue(value.no)})`
    case 'call':
      return `${value.intrinsic}(${value.args.map(printValue).join(', ')})`
    case 'convert':
      return `${value.to}(${printValue(value.value)})`
  }
}

function printNumber({ type, value }: Extract<Value, { kind: 'number' }>): string {
  if (type === 'bool') return value === 0 ? 'false' : 'true'
  return type === 'f32' ? floatText(value) : String(value)
}

/** The condition of a block that only bounds names. */
const isTrue = (condition: Value): boolean => condition.kind === 'number' && condition.value === 1
