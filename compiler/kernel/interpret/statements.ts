/**
 * Statements as JavaScript: on one thread, or, where they hold a barrier, on the whole workgroup at once. The text of a
 * workgroup calls `each` with what a thread does, `agreed` with what all threads compute alike, and `barrier`.
 */

import { invariant, InvariantError } from '../../diagnostics/invariant.ts'
import type { Statement, Value } from '../kernel.ts'
import { hasBarrier } from '../walk.ts'
import { writeWrite } from './access.ts'
import type { Frame } from './frame.ts'
import { lanesOf } from './scope.ts'
import type { Scope } from './scope.ts'
import type { Text } from './text.ts'
import type { Evaluate } from './values.ts'
import { writeScalar, writeValue } from './values.ts'

/** The threads of a workgroup, and what happens when they meet. */
export interface Workgroup {
  readonly each: (run: (frame: Frame) => void) => void
  readonly agreed: (evaluate: Evaluate, what: string) => number
  readonly barrier: () => void
}

/** What the text of a workgroup finds of it, under these names. */
export const workgroupNames = ['each', 'agreed', 'barrier'] as const satisfies readonly (keyof Workgroup)[]

export function workgroupOf(frames: readonly Frame[], barrier: () => void): Workgroup {
  return {
    each: (run) => {
      for (const frame of frames) run(frame)
    },
    agreed: (evaluate, what) => {
      const values = new Set(frames.map(evaluate))
      const [value] = values
      invariant(
        value !== undefined && values.size === 1,
        `the threads of a workgroup agree on ${what} around a barrier`,
      )
      return value
    },
    barrier,
  }
}

/** Stretches without a barrier are run thread after thread, each to the stretch's end. */
export function writeForWorkgroup(statements: readonly Statement[], outer: Scope, text: Text): void {
  const scope = outer.inner()
  let inStretch = false
  const stretch = (begins: boolean): void => {
    if (begins !== inStretch) text.line(begins ? 'each((frame) => {' : '});')
    inStretch = begins
  }
  for (const statement of statements) {
    stretch(!hasBarrier(statement))
    if (inStretch) writeStatement(statement, scope, text, declareSlots)
    else writeUniform(statement, scope, text)
  }
  stretch(false)
}

function writeUniform(statement: Statement, scope: Scope, text: Text): void {
  switch (statement.kind) {
    case 'barrier':
      text.line('barrier();')
      return
    case 'for': {
      const from = writeAgreed(statement.from, scope, statement.index, text)
      const to = writeAgreed(statement.to, scope, statement.index, text)
      const inner = scope.inner()
      const slot = inner.declare(statement.index, 'u32')
      const index = text.fresh()
      text.line(`for (let ${index} = ${from}; ${index} < ${to}; ${index} += ${statement.step}) {`)
      text.line(`each((frame) => { frame[${slot}] = ${index}; });`)
      writeForWorkgroup(statement.body, inner, text)
      text.line('}')
      return
    }
    case 'if':
      text.line(`if (${writeAgreed(statement.condition, scope, 'a condition', text)} !== 0) {`)
      writeForWorkgroup(statement.then, scope, text)
      text.line('} else {')
      writeForWorkgroup(statement.otherwise ?? [], scope, text)
      text.line('}')
      return
    default:
      throw new InvariantError(`the statement ${statement.kind} holds no barrier`)
  }
}

/** The value on which all threads agree. */
function writeAgreed(value: Value, scope: Scope, what: string, text: Text): string {
  const name = text.fresh()
  text.line(`const ${name} = agreed((frame) => {`)
  text.line(`return ${writeScalar(value, scope, text)}; }, ${JSON.stringify(what)});`)
  return name
}

function writeBlock(statements: readonly Statement[], outer: Scope, text: Text): void {
  const scope = outer.inner()
  for (const statement of statements) writeStatement(statement, scope, text, declareLocals)
}

type Declare = (
  statement: Extract<Statement, { kind: 'let' | 'var' }>,
  scope: Scope,
  text: Text,
) => readonly string[]

/** Where the stretches that follow see a name. */
const declareSlots: Declare = ({ name, type }, scope) => {
  scope.declare(name, type)
  return scope.places(name, type)
}

const declareLocals: Declare = ({ name, type }, scope, text) => {
  const lanes = lanesOf(type).map(() => text.fresh())
  text.line(`let ${lanes.join(', ')};`)
  scope.declareLocal(name, lanes)
  return lanes
}

function writeStatement(statement: Statement, scope: Scope, text: Text, declare: Declare): void {
  switch (statement.kind) {
    case 'comment':
      return
    case 'let':
    case 'var': {
      const values = writeValue(statement.value, scope, text)
      return writeLanes(declare(statement, scope, text), values, text)
    }
    case 'assign': {
      const { name, type } = statement.target
      return writeLanes(scope.places(name, type), writeValue(statement.value, scope, text), text)
    }
    case 'for': {
      const to = text.keep(writeScalar(statement.to, scope, text))
      const from = text.keep(writeScalar(statement.from, scope, text))
      const inner = scope.inner()
      const [index, end] = [text.fresh(), text.fresh()]
      inner.declareLocal(statement.index, [index])
      text.line(`const ${end} = ${to};`)
      text.line(`for (let ${index} = ${from}; ${index} < ${end}; ${index} += ${statement.step}) {`)
      writeBlock(statement.body, inner, text)
      text.line('}')
      return
    }
    case 'if':
      text.line(`if ((${writeScalar(statement.condition, scope, text)}) !== 0) {`)
      writeBlock(statement.then, scope, text)
      text.line('} else {')
      writeBlock(statement.otherwise ?? [], scope, text)
      text.line('}')
      return
    case 'store':
      return writeStore(statement.buffer, statement.index, statement.value, scope, text)
    case 'sharedStore':
      return writeStore(statement.array, statement.index, statement.value, scope, text)
    case 'barrier':
      throw new InvariantError(`the statement ${statement.kind} is none of one thread`)
  }
}

function writeStore(memory: string, at: Value, value: Value, scope: Scope, text: Text): void {
  const index = text.keep(writeScalar(at, scope, text))
  const values = writeValue(value, scope, text).map((lane) => text.keep(lane))
  writeWrite(text, memory, scope.lanes(memory), index, values)
}

/** All lanes are evaluated before any is written: the value may read what it replaces. */
function writeLanes(places: readonly string[], values: readonly string[], text: Text): void {
  const kept = values.map((lane) => {
    const name = text.fresh()
    text.line(`const ${name} = ${lane};`)
    return name
  })
  for (const [lane, place] of places.entries()) text.line(`${place} = ${kept[lane]};`)
}
