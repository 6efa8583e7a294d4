/**
 * Online: one workgroup takes 32 query rows of a head and a tile of value
 * columns through all keys, or through a part of them, 32 at a time, as the
 * fused softmax does: scores in registers, a running scale per row, sums that
 * shrink when the scale grows. κ is whatever the file says; only its exponent
 * is treated apart.
 */
import type { OnlinePass, Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { lowest } from '../kernel.ts'
import type { Kernel, Value } from '../kernel.ts'
import { convolve } from './convolution.ts'
import { unlessZero } from './exponents.ts'
import { firstPositionOf, frame, u32Name } from './frame.ts'
import { widen } from './operators.ts'
import { evaluatePairs } from './pairs.ts'
import type { Row } from './pairs.ts'
import { partLayout } from './parts.ts'
import { readout, storeRows } from './readout.ts'
import { countOf, firstOf, guarded, headNames } from './rows.ts'
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
import { visibility } from './visibility.ts'
import type { Visibility } from './visibility.ts'

const lanesOf = [0, 1, 2, 3] as const

/**
 * The kernel of a fused softmax pass: 32 query rows against all keys, storing quotients, or numerators and
 * denominators of each part of the keys.
 */
export function lowerOnline(schedule: Schedule, pass: OnlinePass): Kernel {
  const { tile, mask, kernel: term, queries, keys, values, valueDim, out, convolution } = pass
  const { binding, counts, kernel } = frame(schedule, pass)
  const scaled = term.kind === 'scaled'
  const columns = columnsOf(tile, valueDim)
  const queryCount = countOf(queries, counts)
  const firstQuery = ir.let_('firstQuery', firstOf(queries, pass.over))
  const firstKey = ir.let_('firstKey', firstOf(keys, pass.over))
  const firstValue = values === 'identity' ? undefined : ir.let_('firstValue', firstOf(values, pass.over))
  const sums = ir.registers('sums', 'vec4f', columns.count)
  const total = ir.var_('total', ir.splat(0))
  const scale = ir.var_('rowScale', ir.splat(lowest))
  const pairs = tileArray('pairs', tile.steps)
  const exponents = tileArray('exponents', tile.steps)

  const firstRow = ir.let_('firstRow', ir.mul(u32Name('rowTile'), tile.rows))
  const rowAt = (lane: number): Value => ir.add(ir.ref(firstRow), ir.mul(rowGroup, lanes), lane)
  const start = 'parts' in out ? ir.mul(u32Name('part'), schedule.chunk) : ir.u32(0)
  const last =
    'parts' in out
      ? ir.call('min', countOf(keys, counts), ir.add(start, schedule.chunk))
      : countOf(keys, counts)
  /** A row's number in the sequence: behind the cached ones when decoding. */
  const numbered = (row: Value): Value =>
    keys.of === 'cachedHead' ? ir.add(row, firstPositionOf(counts)) : row
  // A causal row sees keys up to its own: the tile needs none past its last row.
  const end = ir.let_(
    'end',
    mask.kind === 'causal' ? ir.call('min', last, numbered(ir.add(ir.ref(firstRow), tile.rows))) : last,
  )
  const queryStarts = lanesOf.map((lane) =>
    ir.let_(
      `queryRow${lane}`,
      ir.mul(ir.add(ir.ref(firstQuery), within(rowAt(lane), queryCount)), schedule.dim),
    ),
  )

  const keyAt = (from: Value, item: number): Value => ir.add(from, ir.mul(columnGroup, lanes), item)

  const tiles = {
    mask,
    rows: tile.rows,
    keys: tile.steps,
    firstRow: ir.ref(firstRow),
    rowAt,
    numbered,
    end: ir.ref(end),
  }

  const keyTile = (from: Value): Body => {
    const seen = visibility(tiles, from)
    const here = ir.let_('here', extent(from, ir.ref(end), tile.steps))
    const keyStarts = lanesOf.map((item) =>
      ir.let_(
        `keyRow${item}`,
        ir.mul(ir.add(ir.ref(firstKey), within(keyAt(from, item), ir.ref(end))), schedule.dim),
      ),
    )
    const rows: Record<string, Row> = {
      q: row(binding(queries.buffer), queryStarts, 'lanes'),
      k: row(binding(keys.buffer), keyStarts, 'items'),
    }
    const expressions =
      term.kind === 'plain'
        ? [term.value]
        : term.coefficient === undefined
          ? [term.exponent]
          : [term.exponent, term.coefficient]
    const evaluated = evaluatePairs(expressions, { items: lanes, rows, scalars: {}, prefix: 'pair' })

    const numbers = lanesOf.map((item) => ir.let_(`key${item}`, keyAt(from, item)))
    const exponentAt = (item: number): Value =>
      expressions.length === 1
        ? evaluated.value(0, item)
        : unlessZero(widen(evaluated.value(0, item)), widen(evaluated.value(1, item)))
    const slot = (item: number): Value => place(ir.add(ir.mul(columnGroup, lanes), item), rowGroup)

    const keyNumbers = numbers.map((key) => ir.ref(key))
    const plain = (): Body => {
      const values = lanesOf.map((item) => evaluated.value(0, item))
      const { registers, statements } = seen.hidden('weight', keyNumbers, values, 0)
      return [statements, registers.map((weight, item) => ir.sharedStore(pairs, slot(item), weight))]
    }
    return seen.unlessEmpty([
      here,
      seen.names,
      keyStarts,
      evaluated.statements,
      numbers,
      scaled
        ? scaledPairs(
            ir.ref(here),
            seen.hidden('exponent', keyNumbers, lanesOf.map(exponentAt), lowest),
            expressions.length === 2 ? (item) => widen(evaluated.value(1, item)) : undefined,
            slot,
          )
        : plain(),
      ir.barrier,
      addValues(from, ir.ref(here)),
      // Scaled, the next tile's exponents and a barrier come before anything is stored where this one reads.
      scaled ? [] : ir.barrier,
    ])
  }

  const scaledPairs = (
    here: Value,
    { registers, statements }: ReturnType<Visibility['hidden']>,
    coefficient: ((item: number) => Value) | undefined,
    slot: (item: number) => Value,
  ): Body => {
    const old = ir.let_('scaleSoFar', ir.ref(scale))
    const shrink = ir.let_('shrink', ir.call('exp2', ir.sub(ir.ref(old), ir.ref(scale))))
    return [
      statements,
      registers.map((one, item) => ir.sharedStore(exponents, slot(item), one)),
      ir.barrier,
      ir.comment('the rows’ scale so far, and what it does to the sums'),
      old,
      ir.for_('j', 0, here, 1, (j) =>
        ir.assign(ir.ref(scale), ir.call('max', ir.ref(scale), ir.sharedLoad(exponents, place(j, rowGroup)))),
      ),
      shrink,
      ir.assign(ir.ref(total), ir.mul(ir.ref(total), ir.ref(shrink))),
      range(columns.count).map((index) =>
        ir.assign(ir.register(sums, index), ir.mul(ir.register(sums, index), ir.ref(shrink))),
      ),
      registers.map((one, item) => {
        const power = ir.call('exp2', ir.sub(one, ir.ref(scale)))
        const at = lanesOf.map((lane) =>
          // A row that has seen nothing yet has no scale to measure by.
          ir.select(
            ir.gt(ir.lane(one, lane), lowest),
            ir.lane(coefficient === undefined ? power : ir.mul(coefficient(item), power), lane),
            0,
          ),
        )
        return ir.sharedStore(pairs, slot(item), ir.vec4(at[0] ?? 0, at[1] ?? 0, at[2] ?? 0, at[3] ?? 0))
      }),
    ]
  }

  const addValues = (from: Value, here: Value): Body =>
    ir.for_('j', 0, here, 1, (j) => {
      const pair = ir.let_('pair', ir.sharedLoad(pairs, place(j, rowGroup)))
      const key = ir.let_('valueKey', ir.add(from, j))
      const row = firstValue && ir.let_('valueRow', ir.mul(ir.add(ir.ref(firstValue), ir.ref(key)), valueDim))
      const valueAt = (index: number): Value =>
        values === 'identity' || row === undefined
          ? ir.select(ir.eq(ir.ref(key), columns.at(index)), ir.f32(1), 0)
          : ir.load(binding(values.buffer), ir.add(ir.ref(row), columns.at(index)))
      return [
        pair,
        key,
        row ?? [],
        ir.assign(ir.ref(total), ir.add(ir.ref(total), ir.ref(pair))),
        range(columns.count).map((index) =>
          ir.assign(
            ir.register(sums, index),
            ir.add(ir.register(sums, index), ir.mul(ir.ref(pair), ir.splat(valueAt(index)))),
          ),
        ),
      ]
    })

  const store = (): Body => {
    if ('parts' in out) {
      const layout = partLayout(out.parts, valueDim, scaled)
      const buffer = binding(out.parts.buffer)
      return storeRows(
        { columns, firstRow: ir.ref(firstRow), rows: queryCount, out: buffer },
        (row) => layout.start(u32Name('part'), row),
        (index) => ir.register(sums, index),
        (at, lane) =>
          ir.if_(ir.eq(ir.add(columnGroup, u32Name('valueTile')), 0), [
            ir.store(buffer, layout.total(at), ir.lane(ir.ref(total), lane)),
            scaled ? ir.store(buffer, layout.scale(at), ir.lane(ir.ref(scale), lane)) : [],
          ]),
      )
    }
    return readout({
      pass,
      valueDim,
      columns,
      sums,
      totals: [ir.ref(total)],
      out: binding(out.buffer),
      firstRow: ir.ref(firstRow),
      rows: queryCount,
      firstOut: firstOf(out, pass.over),
      ...(scaled ? { scales: [ir.ref(scale)] } : {}),
      ...(convolution === undefined
        ? {}
        : {
            added: convolve({
              convolution,
              binding,
              counts,
              valueDim,
              columns,
              sums,
              firstRow: ir.ref(firstRow),
            }),
          }),
    })
  }

  const body = ir.block(
    headNames(
      pass.over,
      [
        ['valueTile', valueTiles(tile, valueDim)],
        [
          'rowTile',
          typeof queries.count === 'number'
            ? Math.ceil(queries.count / tile.rows)
            : ir.div(ir.add(queryCount, tile.rows - 1), tile.rows),
        ],
        ...('parts' in out ? [['part', ir.shape('chunks')] as const] : []),
      ],
      counts,
    ),
    threadNames(tile),
    columns.names,
    firstRow,
    guarded(pass.only, counts, [
      firstQuery,
      firstKey,
      firstValue ?? [],
      end,
      queryStarts,
      sums,
      total,
      scaled ? scale : [],
      ir.for_('from', start, ir.ref(end), tile.steps, keyTile),
      store(),
    ]),
  )
  const shared = scaled ? [exponents, pairs] : [pairs]
  return kernel(summaryOf(pass), shared, body)
}

function summaryOf({ out, convolution }: OnlinePass): string {
  if ('parts' in out) return 'Each row: Σ κ(q, k) v and Σ κ(q, k) over a part of the keys.'
  const added = convolution === undefined ? '' : ', and the convolution over the values'
  return `Each row: Σ κ(q, k) v over Σ κ(q, k), in one pass over the keys${added}.`
}

function row(
  buffer: Parameters<typeof ir.load>[0],
  starts: readonly ReturnType<typeof ir.let_>[],
  extentOf: 'lanes' | 'items',
): Row {
  return {
    extent: extentOf,
    load: (which, index) => {
      const start = starts[which]
      return ir.load(buffer, start === undefined ? index : ir.add(ir.ref(start), index))
    },
  }
}
