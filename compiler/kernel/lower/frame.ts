/**
 * What every pass shares: the buffers' bindings by role, the rows of a group,
 * and the division of a workgroup's linear index into what it stands for.
 *
 * A *group* is a batch item and a key/value head; `slice` counts from the
 * slice's first group. Query heads of one key/value head read the same group.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import type { BufferPlan, Groups, Schedule, WorkgroupPass } from '../../schedule/schedule.ts'
import type { Size } from '../../../runtime/contract/size.ts'
import { add, call, div, let_, load, mod, mul, ref, shape, sub, u32, workgroup } from '../build.ts'
import type { Operand } from '../build.ts'
import { boundInFours } from '../in-fours.ts'
import type { Binding, Kernel, SharedArray, Statement, Value } from '../kernel.ts'
import { shareValues } from '../share.ts'
import { packed } from '../packed.ts'
import { bodiesOf } from '../walk.ts'
import { identity, stateAction } from './action.ts'
import type { StateAction } from './action.ts'

/** A kernel without its body, from which a lowering starts. */
export interface Frame {
  readonly binding: (name: string) => Binding
  /** What rows do to the state of the pass, if it has one. */
  readonly action: StateAction
  /** The maxima that features subtract, where the file asks for these. */
  readonly maxima: Binding | undefined
  readonly counts: Counts
  readonly kernel: (summary: string, shared: readonly SharedArray[], body: readonly Statement[]) => Kernel
}

/** [B] from the element `first` on. */
interface Count {
  readonly binding: Binding
  readonly first: Operand
}

/** How many rows of each batch item count, where the pass is told. */
export interface Counts {
  readonly keys: Count | undefined
  readonly queries: Count | undefined
  /** The position of each item's first row, and of its first new key, when decoding. */
  readonly positions: Count | undefined
  /** Keys are those of a cache, with the new rows behind the others. */
  readonly cached: boolean
  /** Rows are queries and keys in one: they are there where they count as both. */
  readonly alike: boolean
}

/**
 * Resolves a pass's buffers to bindings, finds the buffers that hold row counts and positions, and returns
 * what completes the kernel.
 */
export function frame(schedule: Schedule, pass: WorkgroupPass): Frame {
  const plans = new Map(schedule.buffers.map((plan) => [plan.name, plan]))
  const bindings = new Map(pass.buffers.map((name) => [name, toBinding(plans.get(name), name)]))
  const countIn = (name: string, whenGathered?: Operand, among = 'bothLengths'): Count | undefined => {
    const own = bindings.get(name)
    const gathered = whenGathered === undefined ? undefined : bindings.get(among)
    if (own !== undefined) return { binding: own, first: 0 }
    return gathered && { binding: gathered, first: whenGathered ?? 0 }
  }
  const binding = (name: string): Binding => {
    const found = bindings.get(name)
    invariant(found !== undefined, `the pass ${pass.name} is given the buffer ${name}`)
    return found
  }
  return {
    binding,
    action: 'action' in pass ? stateAction(pass.action, binding, owner.group) : identity,
    maxima: bindings.get('maxima'),
    counts: {
      keys: countIn('lengths', 0) ?? countIn('lengths', 0, 'lengthsAndPositions'),
      queries: countIn('queryLengths', shape('batch')),
      positions: countIn('positions', shape('batch'), 'lengthsAndPositions'),
      cached: pass.kind === 'online',
      alike: schedule.keysAreQueries === true,
    },
    kernel: (summary, shared, body) => {
      const workgroupSize = 'tile' in pass ? pass.tile.threads : pass.threads
      const kernel = shareValues({
        name: pass.name,
        summary,
        workgroupSize,
        count: sizeValue(pass.workgroups),
        bindings: [...bindings.values()].map((one) => readOnly(one, body)),
        shared,
        body: schedule.strided ? body : body.map(packed.statement),
      })
      return workgroupSize === 1 ? kernel : boundInFours(kernel)
    },
  }
}

/** Memory that a kernel does not write is the same for all its threads while it runs: control that asks it is uniform. */
const readOnly = (binding: Binding, body: readonly Statement[]): Binding =>
  body.some((statement) => storesTo(statement, binding.name)) ? binding : { ...binding, access: 'read' }

const storesTo = (statement: Statement, buffer: string): boolean =>
  (statement.kind === 'store' && statement.buffer === buffer) ||
  bodiesOf(statement).some((inner) => inner.some((one) => storesTo(one, buffer)))

/** The binding of a planned buffer: writable for scratch, outputs and states, read-only for all else. */
export function toBinding(plan: BufferPlan | undefined, name: string): Binding {
  invariant(plan !== undefined, `the schedule has the buffer ${name}`)
  const writable = plan.role === 'scratch' || plan.role === 'output' || plan.role === 'state'
  return { name, element: plan.element, access: writable ? 'read_write' : 'read' }
}

/** A size of the schedule as a value of the shape uniform. */
export function sizeValue(size: Size): Value {
  if (typeof size === 'number') return u32(size)
  if (typeof size === 'string') return shape(size)
  const [operator, left, right] = size
  const a = sizeValue(left)
  const b = sizeValue(right)
  switch (operator) {
    case '+':
      return add(a, b)
    case '*':
      return mul(a, b)
    case 'max':
      return call('max', a, b)
    case 'ceildiv':
      return typeof right === 'number' ? div(add(a, right - 1), b) : div(sub(add(a, b), 1), b)
  }
}

/**
 * Peels counts off the workgroup's linear index, the first fastest; what
 * remains is the last. `let` statements for each, in order.
 */
export function divide(counts: readonly (readonly [string, Operand])[], last: string): Statement[] {
  const statements: Statement[] = []
  let rest: Value = workgroup
  for (const [index, [word, count]] of counts.entries()) {
    if (count === 1) {
      statements.push(let_(word, u32(0)))
      continue
    }
    statements.push(let_(word, mod(rest, count)))
    const following = index === counts.length - 1 ? last : `rest${index + 1}`
    const remaining = let_(following, div(rest, count))
    statements.push(remaining)
    rest = ref(remaining)
  }
  if (!statements.some((statement) => statement.kind === 'let' && statement.name === last))
    statements.push(let_(last, rest))
  return statements
}

/** Refers to a u32 name that statements from elsewhere declare, such as `slice` or `rowTile`. */
export const u32Name = (name: string): Value => ({ kind: 'name', type: 'u32', name })

/** The group and head of a workgroup, by the names that `divide` and `groupNames` declare. */
export const owner = {
  /** The group's number in the slice. */
  slice: u32Name('slice'),
  /** The group's number in the call. */
  group: u32Name('group'),
  batchItem: u32Name('batchItem'),
  /** Counts batch items and key/value heads. */
  keyGroup: u32Name('keyGroup'),
  /** Counts batch items and query heads. */
  queryHead: u32Name('queryHead'),
  /** The query head's number in its group. */
  headInGroup: u32Name('headInGroup'),
} as const

/** Query heads of one key/value head. */
export const headsPerGroup = div(shape('heads'), shape('kvHeads'))

/** Query heads of one group, where groups may be query heads. */
export const headsOf = (groups: Groups): Value => (groups === 'heads' ? u32(1) : headsPerGroup)

/**
 * From `slice`: the group and its batch item, `keyGroup` (which counts batch
 * items and key/value heads whatever a group is), how many key rows are
 * visible and how many query rows count, the position of the first row, and, in passes over query rows,
 * `queryHead` from `headInGroup`.
 */
export function groupNames(
  { keys, queries, positions, cached, alike }: Counts,
  groups: Groups = 'kvHeads',
  overQueries = true,
): Statement[] {
  const group = let_('group', add(shape('sliceStart'), owner.slice))
  const batchItem = let_('batchItem', div(ref(group), shape(groups)))
  const keyGroup = let_('keyGroup', groups === 'kvHeads' ? ref(group) : div(ref(group), headsPerGroup))
  const queryHead = add(mul(ref(group), headsOf(groups)), owner.headInGroup)
  const of = ({ binding, first }: Count): Value =>
    load(binding, first === 0 ? ref(batchItem) : add(first, ref(batchItem)))
  const position = positions && let_('firstPosition', of(positions))
  const there = position && cached ? add(ref(position), shape('keyLength')) : shape('keyLength')
  return [
    group,
    batchItem,
    keyGroup,
    ...(queries === undefined
      ? []
      : [let_('queryRows', call('max', call('min', of(queries), shape('length')), 1))]),
    ...(position === undefined ? [] : [position]),
    ...(keys === undefined ? [] : [let_('visible', call('min', of(keys), alike ? counted : there))]),
    ...(overQueries ? [let_('queryHead', queryHead)] : []),
  ]
}

/** How many key rows of the batch item are visible (u32); `groupNames` declares it. */
export const visible = u32Name('visible')

const counted = u32Name('queryRows')

/** How many query rows count: `length` of the language on their side. All, to a pass that is not told. */
export const countedOf = ({ queries }: Counts): Value => (queries === undefined ? shape('length') : counted)

/** The position of a row of the item, by its number in the call. */
export const positionsBy =
  ({ positions }: Counts) =>
  (row: Value): Value =>
    positions === undefined ? row : add(u32Name('firstPosition'), row)

/** The position of the item's first row. */
export const firstPositionOf = ({ positions }: Counts): Value =>
  positions === undefined ? shape('offset') : u32Name('firstPosition')
