/** Statements as WAT. */

import { InvariantError } from '../../../diagnostics/invariant.ts'
import type { Statement, Value } from '../../../kernel/kernel.ts'
import { typeOf } from '../../../kernel/target.ts'
import { machineType } from './instructions.ts'
import { movingAddresses, withoutCalls } from './loops.ts'
import type { Loop, Turn } from './loops.ts'
import { offsetOf } from './memory.ts'
import type { Node } from './text.ts'
import type { ValuePrinter } from './values.ts'

const stores = { f32: 'f32.store', i32: 'i32.store', v128: 'v128.store' } as const

/** The statements of a block, in order. */
export function printStatements(statements: readonly Statement[], values: ValuePrinter): readonly Node[] {
  return statements.flatMap((statement) => printStatement(statement, values))
}

function printStatement(statement: Statement, values: ValuePrinter): readonly Node[] {
  switch (statement.kind) {
    case 'comment':
      return [`;; ${statement.text}`]
    case 'let':
    case 'var': {
      // The value is read before the name is declared: one outside may be of another type.
      const value = values.print(statement.value)
      return [['local.set', values.locals.of(statement.name, machineType(statement.type)), value]]
    }
    case 'assign': {
      const { name, type } = statement.target
      return [['local.set', values.locals.of(name, machineType(type)), values.print(statement.value)]]
    }
    case 'for':
      return printLoop(statement, values)
    case 'if': {
      const otherwise = printStatements(statement.otherwise ?? [], values)
      return [
        [
          'if',
          values.print(statement.condition),
          ['then', ...printStatements(statement.then, values)],
          ...(otherwise.length === 0 ? [] : [['else', ...otherwise]]),
        ],
      ]
    }
    case 'store':
    case 'sharedStore': {
      const { base, offset } = values.address(statement)
      const type = machineType(typeOf(statement.value))
      return [[stores[type], ...offsetOf(offset), base, values.print(statement.value)]]
    }
    case 'barrier':
      throw new InvariantError('a kernel of one thread has no barrier')
  }
}

/** The condition stands at the end, so that a turn has one branch; and in front, unless a first turn is certain. */
function printLoop(
  { index, from, to, step, body }: Extract<Statement, { kind: 'for' }>,
  values: ValuePrinter,
): readonly Node[] {
  const name = values.locals.of(index, 'i32')
  const [start, end] = [values.print(from), values.print(to)]
  const fixed = isFixed(to)
  const limit: Node = fixed ? end : ['local.get', values.locals.own(`${name.slice(1)}.end`, 'i32')]
  const next: Node = ['local.tee', name, ['i32.add', ['local.get', name], ['i32.const', String(step)]]]
  const lets = new Set(
    body.flatMap((one) => (one.kind === 'let' ? [values.locals.of(one.name, machineType(one.type))] : [])),
  )
  const turn = printTurn({ index: name, step, body: printStatements(body, values), lets }, values)
  const loop: Node = ['loop', name, ...turn.body, ...turn.after, ['br_if', name, ['i32.lt_u', next, limit]]]
  const certain = from.kind === 'number' && to.kind === 'number' && from.value < to.value
  return [
    ['local.set', name, start],
    ...(fixed ? [] : [['local.set', `${name}.end`, end]]),
    ...(certain
      ? [...turn.before, loop]
      : [['if', ['i32.lt_u', ['local.get', name], limit], ['then', ...turn.before, loop]]]),
  ]
}

/** The turn of a loop, which is made faster where it is an innermost one. */
function printTurn(loop: Loop, { locals, functionOf }: ValuePrinter): Turn {
  const { body } = loop
  if (body.some(holdsLoop)) return { before: [], body, after: [] }
  return movingAddresses({ ...loop, body: withoutCalls(body, functionOf, locals) }, locals)
}

const holdsLoop = (node: Node): boolean =>
  typeof node !== 'string' && (node[0] === 'loop' || node.some(holdsLoop))

/** Whether the value is the same in every turn, and as short as a local. */
const isFixed = ({ kind }: Value): boolean => kind === 'number' || kind === 'shape' || kind === 'bufferLength'
