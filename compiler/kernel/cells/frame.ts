/**
 * What every pass of cells shares: its buffers as bindings that are only read,
 * the head that a cell belongs to, and where rows of that head lie.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import type { CellPass, Rows, Schedule } from '../../schedule/schedule.ts'
import { add, block, call, div, let_, load, mod, mul, ref, shape, u32 } from '../build.ts'
import type { Body } from '../build.ts'
import type { CellKernel } from '../cell.ts'
import type { Binding, Statement, Value } from '../kernel.ts'
import { shareWithResult } from '../share.ts'
import type { Text } from '../share.ts'
import { typeOf } from '../types.ts'
import { sizeValue, toBinding } from '../lower/frame.ts'
import { Names } from './names.ts'
import { withoutUnused } from './unused.ts'

export interface CellFrame {
  readonly schedule: Schedule
  readonly names: Names
  /** A buffer that the pass reads. */
  readonly input: (name: string) => Binding
  readonly reads: (name: string) => boolean
  readonly kernel: (body: Body, result: Value) => CellKernel
}

/** Functions of gpu.js hold no conditions; a remainder is spelt with its quotient, where both parts stand again. */
const ofCells: Text = {
  copies: (value) =>
    (value.kind === 'call' && (value.intrinsic === 'floorModulo' || value.intrinsic === 'floorDivide')) ||
    (value.kind === 'binary' && (value.operator === '/' || value.operator === '%')),
  short: 64,
  holds: (value) => typeOf(value) !== 'bool',
}

export function cellFrame(schedule: Schedule, pass: CellPass): CellFrame {
  const plans = new Map(schedule.buffers.map((plan) => [plan.name, plan]))
  const inputs = new Map(
    pass.buffers
      .slice(0, -1)
      .map((name) => [name, { ...toBinding(plans.get(name), name), access: 'read' } as const]),
  )
  const [width, height, depth] = pass.extent
  return {
    schedule,
    names: new Names(),
    input: (name) => {
      const binding = inputs.get(name)
      invariant(binding !== undefined, `the pass ${pass.name} reads the buffer ${name}`)
      return binding
    },
    reads: (name) => inputs.has(name),
    kernel: (body, value) => {
      const { statements, result } = shareWithResult(block(body), value, ofCells)
      return {
        name: pass.name,
        summary: `${pass.what}.`.replace(/^[a-z]/, (letter) => letter.toUpperCase()),
        inputs: [...inputs.values()],
        extent: [sizeValue(width), sizeValue(height), sizeValue(depth)],
        body: withoutUnused(statements, result),
        result,
      }
    },
  }
}

/** A head, as indexes of what it owns. All u32. */
export interface Head {
  readonly statements: readonly Statement[]
  /** Counts batch items and query heads; undefined where a group has several. */
  readonly queryHead?: Value
  /** Counts batch items and key/value heads. */
  readonly keyGroup: Value
  readonly batchItem: Value
  /** The head's number within the call, whatever the batch item. */
  readonly number: Value
  /** Its group among those of the slice, and among those of the call. */
  readonly sliceGroup: Value
  readonly group: Value
  /** Its place among the heads that the pass has cells for. */
  readonly at: Value
  /** How many of its keys are visible. */
  readonly visible: Value
  /** How many of its query rows count. */
  readonly counted: Value
  /** The position of its first row. */
  readonly firstPosition: Value
}

export function headOf(frame: CellFrame, over: CellPass['over'], at: Value): Head {
  const { groups } = frame.schedule
  const heads = shape('heads')
  if (over === 'head') {
    return {
      statements: [],
      queryHead: at,
      keyGroup: at,
      batchItem: u32(0),
      number: at,
      sliceGroup: at,
      group: at,
      at,
      visible: shape('keyLength'),
      counted: shape('length'),
      firstPosition: shape('offset'),
    }
  }
  const ofQueries = over === 'sliceQueryHead' || groups === 'heads'
  const sliceStart = shape('sliceStart')
  const counted = let_(
    ofQueries ? 'queryHead' : 'keyGroup',
    // The slice's first group, counted in query heads where groups are of key/value heads.
    add(ofQueries && groups === 'kvHeads' ? div(mul(sliceStart, heads), shape('kvHeads')) : sliceStart, at),
  )
  const batchItem = let_('batchItem', div(ref(counted), ofQueries ? heads : shape('kvHeads')))
  const keyGroup = ofQueries ? let_('keyGroup', div(mul(ref(counted), shape('kvHeads')), heads)) : undefined
  const sliceGroup =
    over === 'sliceQueryHead' && groups === 'kvHeads'
      ? let_('sliceGroup', div(mul(at, shape('kvHeads')), heads))
      : undefined
  const position = frame.reads('positions')
    ? let_('firstPosition', load(frame.input('positions'), ref(batchItem)))
    : undefined
  // Cached rows may all be keys.
  const there = position === undefined ? shape('keyLength') : add(ref(position), shape('keyLength'))
  const visible = frame.reads('lengths')
    ? let_('visible', call('min', load(frame.input('lengths'), ref(batchItem)), there))
    : undefined
  const queries = frame.reads('queryLengths')
    ? let_('queryRows', call('max', load(frame.input('queryLengths'), ref(batchItem)), 1))
    : undefined
  const number = let_('head', mod(ref(counted), heads))
  const inSlice = sliceGroup === undefined ? at : ref(sliceGroup)
  return {
    statements: [counted, batchItem, keyGroup, sliceGroup, position, visible, queries, number].filter(
      (statement) => statement !== undefined,
    ),
    ...(ofQueries ? { queryHead: ref(counted) } : {}),
    keyGroup: keyGroup === undefined ? ref(counted) : ref(keyGroup),
    batchItem: ref(batchItem),
    number: ref(number),
    sliceGroup: inSlice,
    group: add(sliceStart, inSlice),
    at,
    visible: visible === undefined ? shape('keyLength') : ref(visible),
    counted: queries === undefined ? shape('length') : ref(queries),
    firstPosition: position === undefined ? shape('offset') : ref(position),
  }
}

/** Index of a head's first row in the buffer, in rows. */
export function firstOf({ of, count }: Rows, head: Head): Value {
  const fixed = (): number => {
    invariant(typeof count === 'number', 'heads that are not those of the call have rows of their own count')
    return count
  }
  switch (of) {
    case 'queryHead':
      return mul(queryHeadOf(head), shape('length'))
    case 'keyHead':
      return mul(head.keyGroup, shape('keyLength'))
    case 'cachedHead':
      return mul(head.keyGroup, shape('capacity'))
    case 'sliceQueryHead':
      return mul(head.at, fixed())
    case 'sliceKeyHead':
      return mul(head.sliceGroup, fixed())
    case 'head':
      return mul(head.number, fixed())
  }
}

export function queryHeadOf({ queryHead }: Head): Value {
  invariant(queryHead !== undefined, 'a cell of a query row belongs to a query head')
  return queryHead
}

/** How many rows the head has that count. */
export function countOf({ count }: Rows, head: Head): Value {
  if (count === 'visible' || count === 'cached') return head.visible
  if (count === 'counted') return head.counted
  return rowsOf(count)
}

/** How many rows there is room for. */
export function rowsOf(count: Rows['count']): Value {
  if (count === 'visible') return shape('keyLength')
  if (count === 'cached') return add(shape('offset'), shape('length'))
  return count === 'length' || count === 'counted' ? shape('length') : u32(count)
}
