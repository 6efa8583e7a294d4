/**
 * Near: one workgroup takes 32 rows of a chunk of the sorted sequence and a tile
 * of value columns through the rows of the chunk and of the one before it, 32 at
 * a time. As in `online.ts` the sums shrink when the scale grows; rows are found
 * through the order, and keys are queries over their norms.
 */
import type { NearPass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { lowest } from '../kernel.ts'
import type { Kernel, Value } from '../kernel.ts'
import { unlessZero } from './exponents.ts'
import { firstKeyRow, firstQueryRow, frame, u32Name, visible } from './frame.ts'
import { conditionValue } from './mask.ts'
import { widen } from './operators.ts'
import { evaluatePairs } from './pairs.ts'
import type { Row } from './pairs.ts'
import { storeRows } from './readout.ts'
import { headNames, sliceQueryHead } from './rows.ts'
import { firstOfRound } from './segments.ts'
import {
  columnGroup,
  columnsOf,
  extent,
  lanes,
  place,
  range,
  rowGroup,
  threadNames,
  tileArray,
  valueTiles,
  within,
} from './tile.ts'

const four = [0, 1, 2, 3] as const
type Four = (typeof four)[number]
const inFour = (value: (lane: Four) => Value): Value => ir.vec4(value(0), value(1), value(2), value(3))

/** Index of what a round leaves of a row: numerators, denominator, and the scale of both. */
export const partOfRound = (
  { rounds, valueDim }: { readonly rounds: number; readonly valueDim: number },
  round: Value,
  row: Value,
): Value =>
  ir.mul(ir.add(ir.mul(ir.add(ir.mul(sliceQueryHead, rounds), round), ir.shape('length')), row), valueDim + 2)

/**
 * The kernel of bucketed attention: in every round a row meets the rows of its own chunk of the order and of the
 * chunk before, which leaves a numerator, a denominator and a scale.
 */
export function lowerNear(schedule: Schedule, pass: NearPass): Kernel {
  const { dim } = schedule
  const { tile, kernel: term, self, mask, rounds, chunk, valueDim } = pass
  const { binding, counts, kernel } = frame(schedule, pass)
  const columns = columnsOf(tile, valueDim)
  const sums = ir.registers('sums', 'vec4f', columns.count)
  const total = ir.var_('total', ir.splat(0))
  const scale = ir.var_('rowScale', ir.splat(lowest))
  const pairs = tileArray('pairs', tile.steps)
  const exponents = tileArray('exponents', tile.steps)

  // Places in the order: of the chunk, of the first row here, and of the first key.
  const chunkStart = ir.let_('chunkStart', ir.mul(u32Name('part'), chunk))
  const firstRow = ir.let_('firstRow', ir.add(ir.ref(chunkStart), ir.mul(u32Name('rowTile'), tile.rows)))
  const end = ir.let_('end', ir.call('min', ir.add(ir.ref(chunkStart), chunk), visible))
  const firstPlace = ir.let_(
    'firstPlace',
    ir.sub(ir.ref(chunkStart), ir.call('min', ir.ref(chunkStart), chunk)),
  )
  const order = ir.let_('order0', firstOfRound(rounds))
  const rowAt = (at: Value): Value => ir.load(binding('order'), ir.add(ir.ref(order), at))
  const named = (word: string, at: (which: Four) => Value): ReturnType<typeof ir.let_>[] =>
    four.map((which) => ir.let_(`${word}${which}`, rowAt(within(at(which), ir.ref(end)))))

  const queries = named('query', (lane) => ir.add(ir.ref(firstRow), ir.mul(rowGroup, lanes), lane))
  const starts = (word: string, rows: readonly ReturnType<typeof ir.let_>[]): ReturnType<typeof ir.let_>[] =>
    rows.map((row, which) => ir.let_(`${word}${which}`, ir.mul(ir.add(firstQueryRow, ir.ref(row)), dim)))
  const queryStarts = starts('queryRow', queries)

  const keyTile = (from: Value): Body => {
    const here = ir.let_('here', extent(from, ir.ref(end), tile.steps))
    const at = (item: number): Value => ir.add(from, ir.mul(columnGroup, lanes), item)
    const keys = named('key', at)
    const keyStarts = starts('keyRow', keys)
    const norms = keys.map((key, item) =>
      ir.let_(
        `inverseNorm${item}`,
        ir.load(binding('inverseNorms'), ir.add(ir.mul(sliceQueryHead, ir.shape('length')), ir.ref(key))),
      ),
    )
    const entry = (list: typeof keyStarts, which: number, index: Value): Value => {
      const start = list[which]
      return ir.load(binding('q'), start === undefined ? index : ir.add(ir.ref(start), index))
    }
    const rows: Record<string, Row> = {
      q: { extent: 'lanes', load: (which, index) => entry(queryStarts, which, index) },
      k: {
        extent: 'items',
        load: (which, index) => {
          const norm = norms[which]
          return ir.mul(entry(keyStarts, which, index), norm === undefined ? 1 : ir.ref(norm))
        },
      },
    }
    const { coefficient } = term
    const evaluated = evaluatePairs(
      coefficient === undefined ? [term.exponent] : [term.exponent, coefficient],
      {
        items: lanes,
        rows,
        scalars: {},
        prefix: 'pair',
      },
    )
    const rowOf = (list: readonly ReturnType<typeof ir.let_>[], which: number): Value => {
      const row = list[which]
      return row === undefined ? ir.u32(0) : ir.ref(row)
    }
    const isSelf = (item: number, lane: number): Value => ir.eq(rowOf(keys, item), rowOf(queries, lane))
    const seen = (item: number, lane: number): Value => {
      const there = ir.lt(at(item), ir.ref(end))
      const [i, j] = [rowOf(queries, lane), rowOf(keys, item)]
      if (mask.kind === 'none') return there
      if (mask.kind === 'causal') return ir.and(there, ir.le(j, i))
      const names: Record<string, Value> = { i, j, length: visible }
      return ir.and(
        there,
        conditionValue(mask.condition, (name) => ir.convert('i32', names[name] ?? ir.u32(0))),
      )
    }
    const coefficientAt = (item: number): Value =>
      coefficient === undefined ? ir.splat(1) : widen(evaluated.value(1, item))
    const exponentAt = (item: number): Value => {
      const value = widen(evaluated.value(0, item))
      const weighing = coefficient === undefined ? value : unlessZero(value, coefficientAt(item))
      return inFour((lane) => {
        const other = ir.select(isSelf(item, lane), self, ir.lane(weighing, lane))
        return ir.select(seen(item, lane), other, lowest)
      })
    }
    const slot = (item: number): Value => place(ir.add(ir.mul(columnGroup, lanes), item), rowGroup)
    const scores = four.map((item) => ir.let_(`exponent${item}`, exponentAt(item)))
    const old = ir.let_('scaleSoFar', ir.ref(scale))
    const shrink = ir.let_('shrink', ir.call('exp2', ir.sub(ir.ref(old), ir.ref(scale))))
    const shrunk = (target: typeof total | ReturnType<typeof ir.register>): Body => {
      const cell = target.kind === 'var' ? ir.ref(target) : target
      return ir.assign(cell, ir.mul(cell, ir.ref(shrink)))
    }
    return [
      here,
      keys,
      keyStarts,
      norms,
      evaluated.statements,
      scores,
      scores.map((one, item) => ir.sharedStore(exponents, slot(item), ir.ref(one))),
      ir.barrier,
      old,
      ir.for_('j', 0, ir.ref(here), 1, (j) =>
        ir.assign(ir.ref(scale), ir.call('max', ir.ref(scale), ir.sharedLoad(exponents, place(j, rowGroup)))),
      ),
      shrink,
      shrunk(total),
      range(columns.count).map((index) => shrunk(ir.register(sums, index))),
      scores.map((one, item) => {
        const power = ir.call('exp2', ir.sub(ir.ref(one), ir.ref(scale)))
        const weight = (lane: Four): Value => {
          const factor = ir.select(isSelf(item, lane), 1, ir.lane(coefficientAt(item), lane))
          const value =
            coefficient === undefined ? ir.lane(power, lane) : ir.mul(factor, ir.lane(power, lane))
          return ir.select(ir.gt(ir.lane(ir.ref(one), lane), lowest), value, 0)
        }
        return ir.sharedStore(pairs, slot(item), inFour(weight))
      }),
      ir.barrier,
      // The next tile's exponents and a barrier come before anything is stored where this one reads.
      addValues(from, ir.ref(here)),
    ]
  }

  const addValues = (from: Value, here: Value): Body =>
    ir.for_('j', 0, here, 1, (j) => {
      const pair = ir.let_('pair', ir.sharedLoad(pairs, place(j, rowGroup)))
      const start = ir.let_('valueRow', ir.mul(ir.add(firstKeyRow, rowAt(ir.add(from, j))), valueDim))
      return [
        pair,
        start,
        ir.assign(ir.ref(total), ir.add(ir.ref(total), ir.ref(pair))),
        range(columns.count).map((index) => {
          const value = ir.load(binding('v'), ir.add(ir.ref(start), columns.at(index)))
          const cell = ir.register(sums, index)
          return ir.assign(cell, ir.add(cell, ir.mul(ir.ref(pair), ir.splat(value))))
        }),
      ]
    })

  const parts = binding('parts')
  const body = ir.block(
    headNames(
      'sliceQueryHead',
      [
        ['valueTile', valueTiles(tile, valueDim)],
        ['rowTile', Math.ceil(chunk / tile.rows)],
        ['part', ir.div(ir.add(ir.shape('length'), chunk - 1), chunk)],
        ['round', rounds],
      ],
      counts,
    ),
    threadNames(tile),
    columns.names,
    chunkStart,
    firstRow,
    end,
    ir.if_(ir.lt(ir.ref(firstRow), ir.ref(end)), [
      firstPlace,
      order,
      queries,
      queryStarts,
      sums,
      total,
      scale,
      ir.for_('from', ir.ref(firstPlace), ir.ref(end), tile.steps, keyTile),
      storeRows(
        { columns, firstRow: ir.ref(firstRow), rows: ir.ref(end), out: parts },
        (row) => partOfRound(pass, u32Name('round'), rowAt(row)),
        (index) => ir.register(sums, index),
        (start, lane) =>
          ir.if_(ir.eq(ir.add(columnGroup, u32Name('valueTile')), 0), [
            ir.store(parts, ir.add(start, valueDim), ir.lane(ir.ref(total), lane)),
            ir.store(parts, ir.add(start, valueDim + 1), ir.lane(ir.ref(scale), lane)),
          ]),
      ),
    ]),
  )
  const summary = 'Each row of a round: Σ κ(q, k) v and Σ κ(q, k) over the rows sorted near it.'
  return kernel(summary, [exponents, pairs], body)
}
