/**
 * Buffers whose numbers a kernel moves four at a time: which they are, and the same kernel where addresses count
 * single numbers.
 */
import { binary } from './fold.ts'
import type { Binding, Kernel, Statement, Value } from './kernel.ts'
import { typeOf } from './types.ts'
import { bodiesOf, children, mapChildren, mapStatements, mapValues, valuesIn } from './walk.ts'

/** A kernel of several threads with a buffer bound as vec4f where the body moves four of its numbers at once. */
export function boundInFours(kernel: Kernel): Kernel {
  const moved = new Set<string>()
  for (const statement of kernel.body) {
    noteStores(statement, moved)
    for (const value of valuesIn(statement)) noteLoads(value, moved)
  }
  const bindings = kernel.bindings.map((binding): Binding =>
    moved.has(binding.name) ? { ...binding, element: 'vec4f' } : binding,
  )
  return { ...kernel, bindings }
}

function noteStores(statement: Statement, moved: Set<string>): void {
  if (statement.kind === 'store' && typeOf(statement.value) === 'vec4f') moved.add(statement.buffer)
  for (const body of bodiesOf(statement)) for (const inner of body) noteStores(inner, moved)
}

function noteLoads(value: Value, moved: Set<string>): void {
  if (value.kind === 'load' && value.type === 'vec4f') moved.add(value.buffer)
  for (const child of children(value)) noteLoads(child, moved)
}

const four: Value = { kind: 'number', type: 'u32', value: 4 }

/** The kernel with its buffers of vec4f bound as f32, for kernels of one thread, which read four numbers anywhere. */
export function inNumbers(kernel: Kernel): Kernel {
  const fours = new Set(kernel.bindings.filter(({ element }) => element === 'vec4f').map(({ name }) => name))
  if (fours.size === 0) return kernel
  const ofValue = (value: Value): Value => {
    const inner = mapChildren(value, ofValue)
    const isFour = inner.kind === 'load' && inner.type === 'vec4f' && fours.has(inner.buffer)
    return isFour ? { ...inner, index: binary('*', inner.index, four) } : inner
  }
  const ofStatement = (statement: Statement): Statement =>
    statement.kind === 'store' && fours.has(statement.buffer)
      ? { ...statement, index: binary('*', statement.index, four) }
      : statement
  const bindings = kernel.bindings.map((binding): Binding =>
    fours.has(binding.name) ? { ...binding, element: 'f32' } : binding,
  )
  const body = mapStatements(kernel.body, ofStatement).map((statement) => mapValues(statement, ofValue))
  return { ...kernel, bindings, body }
}
