/** Hand-written kernels with every kind of statement: what the IR's tests run, print and break. */
import * as ir from '../../compiler/kernel/build.ts'
import type { Binding, Kernel, SharedArray, Statement, Value } from '../../compiler/kernel/kernel.ts'

/** Numbers in [−1, 1) from a seed, enough to tell places apart. */
export function numbers(count: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

const left: Binding = { name: 'left', element: 'f32', access: 'read' }
const right: Binding = { name: 'right', element: 'f32', access: 'read' }
const product: Binding = { name: 'product', element: 'f32', access: 'read_write' }
const leftTile: SharedArray = { name: 'left_tile', element: 'f32', length: 16 * 8 }
const rightTile: SharedArray = { name: 'right_tile', element: 'vec4f', length: 8 * 4 }

/**
 * product[length, 16] = left[length, keyLength] · right[keyLength, 16], 16 rows a workgroup: 16 threads, each
 * with 4 rows of one vec4f of columns, over tiles of 8.
 */
export const matmul: Kernel = (() => {
  const inner = ir.shape('keyLength')
  const group = ir.let_('group', ir.mod(ir.thread, 4))
  const firstRow = ir.let_('first_row', ir.mul(ir.div(ir.thread, 4), 4))
  const top = ir.let_('top', ir.mul(ir.workgroup, 16))
  const sums = [0, 1, 2, 3].map((row) => ir.var_(`sum_${row}`, ir.splat(0)))

  const fill = (start: Value): ir.Body => [
    ir.for_('item', ir.thread, 16 * 8, 16, (item) => {
      const row = ir.let_('row', ir.add(ir.ref(top), ir.div(item, 8)))
      const column = ir.let_('column', ir.add(start, ir.mod(item, 8)))
      const inside = ir.and(ir.lt(ir.ref(row), ir.shape('length')), ir.lt(ir.ref(column), inner))
      return [
        row,
        column,
        ir.if_(
          inside,
          ir.sharedStore(leftTile, item, ir.load(left, ir.add(ir.mul(ir.ref(row), inner), ir.ref(column)))),
          ir.sharedStore(leftTile, item, ir.f32(0)),
        ),
      ]
    }),
    ir.for_('item', ir.thread, 8 * 4, 16, (item) => {
      const row = ir.let_('row', ir.add(start, ir.div(item, 4)))
      const entry = (lane: number): Value =>
        ir.load(
          right,
          ir.add(ir.mul(ir.call('min', ir.ref(row), ir.sub(inner, 1)), 16), ir.mul(ir.mod(item, 4), 4), lane),
        )
      const entries = ir.vec4(entry(0), entry(1), entry(2), entry(3))
      return [row, ir.sharedStore(rightTile, item, ir.select(ir.lt(ir.ref(row), inner), entries, 0))]
    }),
  ]

  return {
    name: 'tiled_product',
    summary: 'left · right, 16 rows and 16 columns a workgroup, over tiles of 8',
    workgroupSize: 16,
    count: ir.div(ir.add(ir.shape('length'), 15), 16),
    bindings: [left, right, product],
    shared: [leftTile, rightTile],
    body: ir.block(
      group,
      firstRow,
      top,
      sums,
      ir.for_('start', 0, inner, 8, (start) => [
        ir.comment('both tiles, zero where they reach beyond the matrices'),
        fill(start),
        ir.barrier,
        ir.for_('k', 0, 8, 1, (k) => {
          const columns = ir.let_('columns', ir.sharedLoad(rightTile, ir.add(ir.mul(k, 4), ir.ref(group))))
          return [
            columns,
            sums.map(ir.ref).map((sum, row) => {
              const cell = ir.add(ir.mul(ir.add(ir.ref(firstRow), row), 8), k)
              return ir.assign(sum, ir.fma(ir.splat(ir.sharedLoad(leftTile, cell)), ir.ref(columns), sum))
            }),
          ]
        }),
        ir.barrier,
      ]),
      sums.map(ir.ref).map((sum, row) => {
        const target = ir.let_(`target_${row}`, ir.add(ir.ref(top), ir.ref(firstRow), row))
        const place = ir.add(ir.mul(ir.ref(target), 16), ir.mul(ir.ref(group), 4))
        return [
          target,
          ir.if_(
            ir.lt(ir.ref(target), ir.shape('length')),
            ([0, 1, 2, 3] as const).map((lane) => ir.store(product, ir.add(place, lane), ir.lane(sum, lane))),
          ),
        ]
      }),
    ),
  }
})()

const values: Binding = { name: 'values', element: 'f32', access: 'read' }
const totals: Binding = { name: 'totals', element: 'f32', access: 'read_write' }
const partial: SharedArray = { name: 'partial', element: 'f32', length: 32 }

/** For each of `heads` rows of `length` values, log Σ exp: a maximum and a sum, each by a tree of threads. */
export const logSumExp: Kernel = (() => {
  const start = ir.let_('start', ir.mul(ir.workgroup, ir.shape('length')))
  const position = (index: Value): Value => ir.load(values, ir.add(ir.ref(start), index))
  const largest = ir.var_('largest', ir.f32(-1e30))
  const sum = ir.var_('sum', ir.f32(0))
  const tree = (combine: (a: Value, b: Value) => Value): ir.Body =>
    [16, 8, 4, 2, 1].map((half) => [
      ir.barrier,
      ir.if_(
        ir.lt(ir.thread, half),
        ir.sharedStore(
          partial,
          ir.thread,
          combine(ir.sharedLoad(partial, ir.thread), ir.sharedLoad(partial, ir.add(ir.thread, half))),
        ),
      ),
    ])
  const top = ir.let_('top', ir.sharedLoad(partial, 0))
  return {
    name: 'log_sum_exp',
    summary: 'log Σ exp of each row',
    workgroupSize: 32,
    count: ir.shape('heads'),
    bindings: [values, totals],
    shared: [partial],
    body: ir.block(
      start,
      largest,
      ir.for_('index', ir.thread, ir.shape('length'), 32, (index) =>
        ir.assign(ir.ref(largest), ir.call('max', ir.ref(largest), position(index))),
      ),
      ir.sharedStore(partial, ir.thread, ir.ref(largest)),
      tree((a, b) => ir.call('max', a, b)),
      [ir.barrier, top, ir.barrier],
      ir.comment('control depends on a size, which is the same for all threads'),
      ir.if_(
        ir.gt(ir.shape('length'), 0),
        [
          sum,
          ir.for_('index', ir.thread, ir.shape('length'), 32, (index) =>
            ir.assign(ir.ref(sum), ir.add(ir.ref(sum), ir.call('exp', ir.sub(position(index), ir.ref(top))))),
          ),
          ir.sharedStore(partial, ir.thread, ir.ref(sum)),
          tree((a, b) => ir.add(a, b)),
          ir.if_(
            ir.eq(ir.thread, 0),
            ir.store(totals, ir.workgroup, ir.add(ir.ref(top), ir.call('log', ir.sharedLoad(partial, 0)))),
          ),
        ],
        ir.if_(ir.eq(ir.thread, 0), ir.store(totals, ir.workgroup, ir.ref(top))),
      ),
    ),
  }
})()

const flags: Binding = { name: 'flags', element: 'u32', access: 'read' }
const before: Binding = { name: 'before', element: 'u32', access: 'read_write' }
const counts: SharedArray = { name: 'counts', element: 'u32', length: 2 * 16 }

/** Exclusive prefix sums within blocks of 16, by doubling: step s adds what lies 2^s before. */
export const scan: Kernel = (() => {
  const position = ir.let_('position', ir.add(ir.mul(ir.workgroup, 16), ir.thread))
  const own = ir.let_('own', ir.load(flags, ir.ref(position)))
  return {
    name: 'block_scan',
    summary: 'exclusive prefix sums in blocks of 16',
    workgroupSize: 16,
    count: ir.shape('chunks'),
    bindings: [flags, before],
    shared: [counts],
    body: ir.block(
      position,
      own,
      ir.sharedStore(counts, ir.thread, ir.ref(own)),
      [0, 1, 2, 3].map((step) => {
        const power = 2 ** step
        const source = ir.u32((step % 2) * 16)
        const target = ir.sub(16, source)
        const mine = ir.let_(`mine_${step}`, ir.sharedLoad(counts, ir.add(source, ir.thread)))
        const reach = ir.var_(`reach_${step}`, ir.ref(mine))
        return [
          ir.barrier,
          mine,
          reach,
          ir.if_(
            ir.ge(ir.thread, power),
            ir.assign(
              ir.ref(reach),
              ir.add(ir.ref(mine), ir.sharedLoad(counts, ir.sub(ir.add(source, ir.thread), power))),
            ),
          ),
          ir.sharedStore(counts, ir.add(target, ir.thread), ir.ref(reach)),
        ]
      }),
      ir.store(before, ir.ref(position), ir.sub(ir.sharedLoad(counts, ir.thread), ir.ref(own))),
    ),
  }
})()

/** The kernel without its nth barrier, counted from 0 as it is written. */
export function withoutBarrier(kernel: Kernel, position: number): Kernel {
  let seen = 0
  const strip = (statements: Kernel['body']): Kernel['body'] =>
    statements.flatMap((statement): readonly Statement[] => {
      if (statement.kind === 'barrier' && seen++ === position) return []
      if (statement.kind === 'for') return [{ ...statement, body: strip(statement.body) }]
      if (statement.kind !== 'if') return [statement]
      return [{ ...statement, then: strip(statement.then), otherwise: strip(statement.otherwise ?? []) }]
    })
  const body = strip(kernel.body)
  if (seen <= position) throw new Error(`${kernel.name} has only ${seen} barriers`)
  return { ...kernel, body }
}
