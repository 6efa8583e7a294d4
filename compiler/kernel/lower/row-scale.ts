/**
 * The running log-scale of query rows while tiles of features pass by.
 *
 * A feature's scale at row i is the largest exponent of a key that row i sees:
 * of all before the chunk, and of the chunk's keys up to i. A row's scale is
 * the largest, over features, of its own exponent plus the feature's scale.
 * Sums so far shrink when it grows. Nothing that is exponentiated is positive.
 */
import type { FinishPass } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { lowest } from '../kernel.ts'
import type { Binding, Statement, Value } from '../kernel.ts'
import type { ChunkArrays } from './chunk-tile.ts'
import type { StateLayout } from './state-layout.ts'
import { columnGroup, place, range, rowNumbers, rowVector, side, vectorsOf } from './tile.ts'
import { logDecay } from './frame.ts'

type Registers = Extract<Statement, { kind: 'registers' }>
type Register = Extract<Value, { kind: 'register' }>

/**
 * The running log-scale (log₂) of the thread's query rows: its registers, and the code that raises it tile
 * by tile.
 */
export interface RowScale {
  readonly names: Body
  /** vec4f, of each four of the thread's rows. */
  readonly current: readonly Register[]
  /**
   * Takes a tile's exponents into the rows' scales, shrinks what is summed, and
   * leaves in `arrays.scale` what weighs the state: coefficient · 2^(exponents − scale).
   */
  readonly raise: (which: number, state: Value, firstFeature: Value, count: Value) => Body
}

/** @param faded exponent of what the state has faded by until the row before the chunk */
export function rowScale(
  pass: FinishPass,
  layout: StateLayout,
  state: Binding,
  arrays: ChunkArrays,
  sums: readonly Registers[],
  faded: Value | undefined,
): RowScale {
  const vectors = vectorsOf(pass.tile, pass.tile.rows)
  const scale = ir.registers('rowScale', 'vec4f', vectors, lowest)
  const current = range(vectors).map((vector) => ir.register(scale, vector))
  const items = pass.tile.steps / side
  const decays = pass.buffers.includes('decay')

  const nextRow = (exponent: Value): Value => (decays ? ir.add(exponent, logDecay) : exponent)

  /** One thread a feature walks down the rows. */
  const runDown = (start: Value, firstFeature: Value, count: Value): Body => {
    const running = ir.var_('running', before(start, ir.add(firstFeature, ir.thread)))
    return ir.if_(ir.lt(ir.thread, count), [
      running,
      ir.for_('rows4', 0, side, 1, (group) => {
        const keys = ir.let_('keys4', ir.sharedLoad(arrays.key, place(ir.thread, group)))
        const lane = (index: 0 | 1 | 2 | 3): Value => ir.lane(ir.ref(keys), index)
        const a = ir.let_('upTo0', ir.call('max', nextRow(ir.ref(running)), lane(0)))
        const b = ir.let_('upTo1', ir.call('max', nextRow(ir.ref(a)), lane(1)))
        const c = ir.let_('upTo2', ir.call('max', nextRow(ir.ref(b)), lane(2)))
        const d = ir.let_('upTo3', ir.call('max', nextRow(ir.ref(c)), lane(3)))
        const upTo = ir.vec4(ir.ref(a), ir.ref(b), ir.ref(c), ir.ref(d))
        return [
          [keys, a, b, c, d],
          ir.sharedStore(arrays.scale, place(ir.thread, group), upTo),
          ir.assign(ir.ref(running), ir.ref(d)),
        ]
      }),
    ])
  }

  const before = (start: Value, feature: Value): Value => {
    const scale = ir.load(state, layout.scaleBefore(start, feature))
    return faded === undefined ? scale : ir.add(scale, faded)
  }

  return {
    names: scale,
    current,
    raise: (which, start, firstFeature, count) => {
      const term = pass.query.blocks[which]?.term
      const weighByCoefficient = term?.kind === 'scaled' && term.coefficient !== undefined

      const raiseRows = (now: Register, vector: number): Body => {
        const four = rowVector(vector, vectors)
        const old = ir.let_(`scaleSoFar${vector}`, now)
        const shrink = ir.let_(`shrink${vector}`, ir.call('exp2', ir.sub(ir.ref(old), now)))
        const featureScale = (f: Value): Value =>
          pass.causal
            ? ir.sharedLoad(arrays.scale, place(f, four))
            : ir.splat(before(start, ir.add(firstFeature, f)))
        return [
          old,
          ir.for_('f', 0, count, 1, (f) =>
            ir.assign(
              now,
              ir.call('max', now, ir.add(ir.sharedLoad(arrays.query, place(f, four)), featureScale(f))),
            ),
          ),
          shrink,
          sums.map((registers) => {
            const each = registers.count / vectors
            return range(each).map((index) => {
              const sum = ir.register(registers, vector * each + index)
              return ir.assign(sum, ir.mul(sum, ir.ref(shrink)))
            })
          }),
        ]
      }

      const weigh = (item: number): Body => {
        const component = ir.let_(`component${item}`, ir.add(ir.mul(columnGroup, items), item))
        const beforeIt = ir.splat(before(start, ir.add(firstFeature, ir.ref(component))))
        const weighRows = (now: Value, vector: number): Body => {
          const four = rowVector(vector, vectors)
          const at = place(ir.ref(component), four)
          const exponent = ir.sub(ir.add(ir.sharedLoad(arrays.query, at), beforeIt), now)
          const sinceState = ir.mul(ir.splat(logDecay), rowNumbers(1, four))
          const power = ir.call('exp2', decays ? ir.add(exponent, sinceState) : exponent)
          const weight = weighByCoefficient
            ? ir.mul(ir.sharedLoad(arrays.queryCoefficient, at), power)
            : power
          return ir.sharedStore(arrays.scale, at, weight)
        }
        return [component, ir.if_(ir.lt(ir.ref(component), count), current.map(weighRows))]
      }

      return [
        ir.comment('scales of the features down the rows, then of the rows'),
        pass.causal ? [runDown(start, firstFeature, count), ir.barrier] : [],
        current.map(raiseRows),
        pass.causal ? ir.barrier : [],
        range(items).map(weigh),
        ir.barrier,
      ]
    },
  }
}
