// Rewrites kernels statement by statement and value by value; one that finds nothing to change fails its test.
import { mapChildren } from '../../../compiler/kernel/walk.ts'
import type { Kernel, Statement, Value } from '../../../compiler/kernel/kernel.ts'

export type Kernels = (kernels: readonly Kernel[]) => readonly Kernel[]
/** What stands in the place of a statement; nothing leaves it. */
export type Edit = (statement: Statement, kernel: Kernel) => readonly Statement[] | undefined
/** What stands in the place of a value; nothing leaves it. */
export type EditValue = (value: Value, kernel: Kernel) => Value | undefined

/** Changes statements, those within others first. Which forms have the statement is the caller's to say. */
export const editing =
  (edit: Edit): Kernels =>
  (kernels) =>
    kernels.map((kernel) => ({ ...kernel, body: edited(kernel.body, edit, kernel) }))

function edited(statements: readonly Statement[], edit: Edit, kernel: Kernel): readonly Statement[] {
  return statements.flatMap((statement) => {
    const inside = withBodies(statement, (body) => edited(body, edit, kernel))
    return edit(inside, kernel) ?? [inside]
  })
}

function withBodies(
  statement: Statement,
  map: (body: readonly Statement[]) => readonly Statement[],
): Statement {
  if (statement.kind === 'for') return { ...statement, body: map(statement.body) }
  if (statement.kind !== 'if') return statement
  const { otherwise } = statement
  return { ...statement, then: map(statement.then), ...(otherwise && { otherwise: map(otherwise) }) }
}

export const editingValues = (edit: EditValue): Kernels =>
  editing((statement, kernel) => {
    const change = (value: Value): Value => {
      const inside = mapChildren(value, change)
      return edit(inside, kernel) ?? inside
    }
    switch (statement.kind) {
      case 'let':
      case 'var':
      case 'assign':
        return [{ ...statement, value: change(statement.value) }]
      case 'store':
      case 'sharedStore':
        return [{ ...statement, index: change(statement.index), value: change(statement.value) }]
      case 'if':
        return [{ ...statement, condition: change(statement.condition) }]
      case 'for':
        return [{ ...statement, from: change(statement.from), to: change(statement.to) }]
      default:
        return undefined
    }
  })

/** The value of a `let` with such a name in kernels of that name becomes another. */
export const letting = (
  kernel: string,
  name: RegExp,
  value: (known: Statement & { readonly kind: 'let' }) => Value,
): Kernels =>
  editing((statement, { name: here }) =>
    here === kernel && statement.kind === 'let' && name.test(statement.name)
      ? [{ ...statement, value: value(statement) }]
      : undefined,
  )

export const isCall = (value: Value, intrinsic: string): value is Extract<Value, { kind: 'call' }> =>
  value.kind === 'call' && value.intrinsic === intrinsic
