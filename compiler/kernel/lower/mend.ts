/**
 * Rows that *finish* leaves, since their plain sums may have lost digits: a thread for each sums over the row's keys
 * one by one, over the exponential of the largest exponent so far. Such rows are rare; what matters is that the others
 * cost next to nothing, and that the code is short.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import type { FinishPass, Schedule, ScheduledBlock } from '../../schedule/schedule.ts'
import { constant } from '../../symbolic/build.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { lowest } from '../kernel.ts'
import type { SharedArray, Value } from '../kernel.ts'
import { countedOf, firstKeyRow, firstQueryRow, u32Name, visible } from './frame.ts'
import { evaluatePairs } from './pairs.ts'
import type { Frame } from './frame.ts'
import { isWhole, rowFactor } from './readout.ts'
import { columnGroup, extent, lanes, rowVector } from './tile.ts'

/** A floor for the denominator, below every weight that matters in f32, so that nothing is divided by 0. */
const least = 1e-37

/**
 * The shared array and the statements that compute the rows `finish` leaves; both are empty for a pass that
 * mends no rows.
 */
export function mending(
  schedule: Schedule,
  pass: FinishPass,
  { binding, counts }: Pick<Frame, 'binding' | 'counts'>,
  { firstRow, totals }: { readonly firstRow: Value; readonly totals: readonly Value[] },
): { readonly shared: readonly SharedArray[]; readonly body: Body } {
  const { mended, tile } = pass
  if (mended === undefined) return { shared: [], body: [] }
  const { dim, valueDim } = schedule
  const out = binding('out')
  const denominators: SharedArray = { name: 'denominators', element: 'f32', length: tile.rows }
  const row = ir.let_('ownRow', ir.add(firstRow, ir.thread))
  const firstColumn = ir.let_('firstOfTile', ir.mul(u32Name('valueTile'), tile.columns))
  const count = extent(ir.ref(firstColumn), ir.u32(valueDim), tile.columns)
  const start = ir.let_(
    'start',
    ir.add(ir.mul(ir.add(firstQueryRow, ir.ref(row)), valueDim), ir.ref(firstColumn)),
  )
  const keys = ir.let_('ownKeys', pass.causal ? ir.call('min', visible, ir.add(ir.ref(row), 1)) : visible)
  const scale = ir.var_('scale', ir.f32(lowest))
  const total = ir.var_('total', ir.f32(0))
  const weight = ir.var_('weight', ir.f32(0))
  const before = ir.let_('before', ir.ref(scale))

  const eachColumn = (then: (at: Value, column: Value) => Body): Body =>
    ir.for_('column', 0, valueDim === tile.columns ? valueDim : count, 1, (column) => {
      const at = ir.let_('at', ir.add(ir.ref(start), column))
      return [at, then(ir.ref(at), column)]
    })

  /** Exponent and coefficient of a component of a row. */
  const evaluate = (
    side: 'query' | 'key',
    { term }: ScheduledBlock,
    index: Value,
    component: Value,
  ): Parts => {
    invariant(term.kind === 'scaled', 'sums that are mended are scaled')
    const ofQuery = side === 'query'
    const first = ir.add(ofQuery ? firstQueryRow : firstKeyRow, index)
    const { exponent, coefficient = constant(1) } = term
    const { statements, value } = evaluatePairs([exponent, coefficient], {
      items: 1,
      rows: {
        x: {
          extent: 'items',
          load: (_, entry) => ir.load(binding(ofQuery ? 'q' : 'k'), ir.add(ir.mul(first, dim), entry)),
        },
      },
      scalars: {
        position: { extent: 'all', value: ir.convert('f32', index) },
        length: { extent: 'all', value: ir.convert('f32', ofQuery ? countedOf(counts) : visible) },
      },
      component: { extent: 'items', index: () => component },
      prefix: ofQuery ? 'q' : 'k',
    })
    return { statements, exponent: value(0, 0), coefficient: value(1, 0) }
  }

  /** Some of a pair's weight, and of its scale. */
  const addBlock = (which: number, key: Value): Body => {
    const [ofQuery, ofKey] = [mended.query.blocks[which], mended.key.blocks[which]]
    if (ofQuery === undefined || ofKey === undefined) return []
    return ir.for_('component', 0, ofQuery.size, 1, (component) => {
      const q = evaluate('query', ofQuery, ir.ref(row), component)
      const k = evaluate('key', ofKey, key, component)
      const coefficient = ir.let_('coefficient', ir.mul(q.coefficient, k.coefficient))
      const exponent = ir.let_(
        'exponent',
        ir.select(ir.eq(ir.ref(coefficient), 0), lowest, ir.add(q.exponent, k.exponent)),
      )
      const soFar = ir.let_('soFar', ir.ref(scale))
      const over = (power: Value): Value => ir.call('exp2', ir.sub(power, ir.ref(scale)))
      return [
        q.statements,
        k.statements,
        coefficient,
        exponent,
        soFar,
        ir.assign(ir.ref(scale), ir.call('max', ir.ref(scale), ir.ref(exponent))),
        ir.assign(
          ir.ref(weight),
          ir.add(
            ir.mul(ir.ref(weight), over(ir.ref(soFar))),
            ir.mul(ir.ref(coefficient), over(ir.ref(exponent))),
          ),
        ),
      ]
    })
  }

  /** The row so far is a mean over the keys so far, which moves towards the value of one more by its share. */
  const addKey = (key: Value): Body => {
    const share = ir.let_('share', ir.div(ir.ref(weight), ir.call('max', ir.ref(total), least)))
    const v = ir.let_('value', ir.add(ir.mul(ir.add(firstKeyRow, key), valueDim), ir.ref(firstColumn)))
    const shrunk = ir.mul(ir.ref(total), ir.call('exp2', ir.sub(ir.ref(before), ir.ref(scale))))
    return [
      before,
      ir.assign(ir.ref(weight), ir.f32(0)),
      mended.query.blocks.map((_, which) => addBlock(which, key)),
      ir.assign(ir.ref(total), ir.add(shrunk, ir.ref(weight))),
      share,
      v,
      eachColumn((at, column) => {
        const way = ir.sub(ir.load(binding('v'), ir.add(ir.ref(v), column)), ir.load(out, at))
        return ir.store(out, at, ir.add(ir.load(out, at), ir.mul(way, ir.ref(share))))
      }),
    ]
  }
  /** The denominator is more than the weights. */
  const withEpsilon = (): Body => {
    const factor = ir.let_('ownFactor', rowFactor(pass, ir.ref(total), ir.ref(scale)) ?? ir.f32(1))
    const share = ir.mul(ir.ref(total), ir.ref(factor))
    return [factor, eachColumn((at) => ir.store(out, at, ir.mul(ir.load(out, at), share)))]
  }

  const share = totals.flatMap((total_, vector) =>
    ([0, 1, 2, 3] as const).map((lane) =>
      ir.sharedStore(
        denominators,
        ir.add(ir.mul(rowVector(vector, totals.length), lanes), lane),
        ir.lane(total_, lane),
      ),
    ),
  )
  const there = ir.lt(ir.ref(row), ir.shape('length'))
  const lost = ir.not(isWhole(pass, ir.sharedLoad(denominators, ir.thread)))
  const mend = [
    firstColumn,
    start,
    keys,
    scale,
    total,
    weight,
    eachColumn((at) => ir.store(out, at, ir.f32(0))),
    ir.for_('seenKey', 0, ir.ref(keys), 1, addKey),
    pass.epsilon === 0 ? [] : withEpsilon(),
  ]
  return {
    shared: [denominators],
    body: [
      ir.comment('rows whose sums may have lost digits'),
      ir.if_(ir.eq(columnGroup, 0), share),
      ir.barrier,
      row,
      ir.if_(
        tile.threads === tile.rows ? there : ir.and(ir.lt(ir.thread, tile.rows), there),
        ir.if_(lost, mend),
      ),
    ],
  }
}

interface Parts {
  readonly statements: Body
  readonly exponent: Value
  readonly coefficient: Value
}
