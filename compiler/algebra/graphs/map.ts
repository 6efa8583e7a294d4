/** Mapped rows from expressions as they are written. */
import type { TensorPlan } from '../../../runtime/contract/tensors.ts'
import { constant, element, variable } from '../../symbolic/build.ts'
import { components, scalarComponents } from '../../symbolic/components.ts'
import type { Expression, Reduce } from '../../symbolic/expression.ts'
import { simplify } from '../../symbolic/simplify.ts'
import { children, equals, freeVariables, mapNodes, mentions } from '../../symbolic/traverse.ts'
import type { Mapped, MappedPart } from '../rows.ts'

/** What rows are made of. */
export interface FromRows extends Omit<Mapped, 'kind' | 'parts'> {
  /** Scalars and vectors in user form, with the place of their first entry. */
  readonly entries: readonly { readonly start: number; readonly expression: Expression }[]
}

/** Rows with these entries; sums that are the same for all entries of a row are rows of their own before them. */
export function mappedRows({ entries, data, ...step }: FromRows): Mapped {
  const written = entries.flatMap(partsOf)
  const shared = sharedSums(written)
  if (shared.length === 0) return mapped({ ...step, parts: written }, data)
  const name = 'sums of the row'
  const sums = mapped(
    {
      ...step,
      name: `${step.name}_sums`,
      result: `${step.result}Sums`,
      parts: shared.map((value, start) => ({ start, size: 1, value })),
      width: shared.length,
    },
    data,
  )
  const rows = { ...step.rows, [name]: sums }
  const parts = written.map((part) => ({
    ...part,
    value: mapNodes(part.value, (node) => {
      const place = part.size > 1 ? shared.findIndex((one) => equals(one, node)) : -1
      return place < 0 ? undefined : element(name, constant(place))
    }),
  }))
  return mapped({ ...step, rows, parts }, data)
}

/** A step with the rows and the tensors that its parts see. */
function mapped(step: Omit<Mapped, 'kind' | 'data'>, data: readonly TensorPlan[]): Mapped {
  const sees = (name: string): boolean => step.parts.some(({ value }) => mentions(value, name))
  return {
    ...step,
    kind: 'map',
    rows: Object.fromEntries(Object.entries(step.rows).filter(([name]) => sees(name))),
    data: data.filter(({ name }) => sees(name)),
  }
}

/** The entries of an expression; each part of a row that is put together of several has entries of its own. */
function partsOf({ start, expression }: FromRows['entries'][number]): readonly MappedPart[] {
  if (expression.type.kind !== 'vector')
    return [{ start, size: 1, value: simplify(scalarComponents(expression)) }]
  if (expression.kind === 'apply' && expression.operator === 'concat') {
    let next = start
    return expression.args.flatMap((part) => {
      const parts = partsOf({ start: next, expression: part })
      next += part.type.kind === 'vector' ? part.type.size : 1
      return parts
    })
  }
  const { size } = expression.type
  const index = size === 1 ? constant(0) : variable('component')
  return [{ start, size, value: simplify(components(expression, index)) }]
}

/** Sums and maxima in parts of several entries that see no entry, and are in no others. */
function sharedSums(parts: readonly MappedPart[]): readonly Reduce[] {
  const found: Reduce[] = []
  const visit = (node: Expression, bound: ReadonlySet<string>): void => {
    if (node.kind !== 'reduce') {
      children(node).forEach((child) => visit(child, bound))
      return
    }
    const free = freeVariables(node)
    if (free.has('component') || [...bound].some((name) => free.has(name)))
      visit(node.body, new Set([...bound, node.index]))
    else if (!found.some((one) => equals(one, node))) found.push(node)
  }
  for (const { size, value } of parts) if (size > 1) visit(value, new Set())
  return found
}
