/**
 * States cell by cell. Sums of a state are over the exponential of its scales,
 * and what has faded by its last visible row is in both; see `schedule/cells/states.ts`.
 */
import type { AbsorbCells, CellPass, ChunkCells, FoldCells } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { cell } from '../cell.ts'
import type { CellKernel } from '../cell.ts'
import { lowest } from '../kernel.ts'
import type { Value } from '../kernel.ts'
import { headOf, queryHeadOf } from './frame.ts'
import type { CellFrame, Head } from './frame.ts'
import { before, powerOf } from './numbers.ts'

const keyLength = ir.shape('keyLength')
export const smaller = (a: Value, b: Value): Value => ir.call('min', a, b)
const raise = (largest: ReturnType<typeof ir.var_>, value: Value): Body =>
  ir.assign(ir.ref(largest), ir.call('max', ir.ref(largest), value))
const grow = (sum: ReturnType<typeof ir.var_>, value: Value): Body =>
  ir.assign(ir.ref(sum), ir.add(ir.ref(sum), value))

/** ln γ of the head, as a statement and the exponent of so many steps; nothing where nothing fades. */
export function fading(
  frame: CellFrame,
  decays: boolean,
  head: Head,
): { readonly statements: Body; readonly over: (steps: Value) => Value | undefined } {
  if (!decays) return { statements: [], over: () => undefined }
  const logDecay = ir.let_(
    'logDecay',
    ir.load(frame.input('decay'), ir.mod(queryHeadOf(head), ir.shape('heads'))),
  )
  return { statements: logDecay, over: (steps) => ir.mul(ir.ref(logDecay), ir.convert('f32', steps)) }
}

export const shifted = (exponent: Value, by: Value | undefined): Value =>
  by === undefined ? exponent : ir.add(exponent, by)

/** The number of a feature of a state, in what has one for each. */
const scaleAt = (state: Value, features: number, feature: Value): Value =>
  ir.add(ir.mul(state, features), feature)

/** The number of a column of it. */
const sumAt = (frame: CellFrame, state: Value, feature: Value, column: Value): Value => {
  const { features, valueDim } = frame.schedule
  return ir.add(ir.mul(ir.add(ir.mul(state, features), feature), valueDim + 1), column)
}

/** Where the cells of a pass are: of scales x: feature, y: state, z: group; of sums x: column, y: feature. */
function place(quantity: 'scales' | 'sums', word: string, states: Value): Place {
  if (quantity === 'scales') return { names: [], feature: cell.x, state: cell.y, group: cell.z }
  if (states.kind === 'number') return { names: [], feature: cell.y, state: ir.u32(0), group: cell.z }
  const group = ir.let_('groupInSlice', ir.div(cell.z, states))
  const state = ir.let_(word, ir.sub(cell.z, ir.mul(ir.ref(group), states)))
  return { names: [group, state], feature: cell.y, state: ir.ref(state), group: ir.ref(group) }
}

interface Place {
  readonly names: Body
  readonly feature: Value
  readonly state: Value
  readonly group: Value
}

export function lowerChunk(frame: CellFrame, pass: CellPass, work: ChunkCells): CellKernel {
  const { chunk, features, valueDim } = frame.schedule
  const { quantity, scaling, coefficients, decays } = work
  const scaled = scaling === 'scaled'
  const { names, feature, state, group } = place(quantity, 'chunk', ir.shape('chunks'))
  const head = headOf(frame, pass.over, group)
  const fade = fading(frame, decays, head)
  const first = ir.let_('firstRow', ir.mul(state, chunk))
  const end = ir.let_('endOfChunk', smaller(ir.add(ir.ref(first), chunk), head.visible))
  const rows = ir.let_('rows', before(ir.ref(first), head.visible, chunk))
  const row = (step: Value): Value => ir.add(ir.ref(first), step)
  const at = (step: Value): Value =>
    ir.add(ir.mul(ir.add(ir.mul(group, keyLength), row(step)), features), feature)
  const since = (step: Value): Value | undefined => fade.over(ir.sub(ir.sub(ir.ref(end), 1), row(step)))
  const exponent = (step: Value): Value =>
    shifted(ir.load(frame.input('keyExponents'), at(step)), since(step))
  const start = [names, head.statements, fade.statements, first, decays ? end : [], rows]

  if (quantity === 'scales') {
    const largest = ir.var_('largest', ir.f32(lowest))
    const loop = ir.for_('r', 0, ir.ref(rows), 1, (r) => raise(largest, exponent(r)))
    return frame.kernel([start, largest, loop], ir.ref(largest))
  }
  const scale = scaled
    ? ir.let_(
        'scale',
        ir.load(
          frame.input('chunkScales'),
          scaleAt(ir.add(ir.mul(group, ir.shape('chunks')), state), features, feature),
        ),
      )
    : undefined
  const sum = ir.var_('sum', ir.f32(0))
  const weighed = (r: Value): { readonly statements: Body; readonly weight: Value } => {
    if (scale !== undefined) {
      const own = ir.let_('exponent', exponent(r))
      const power = ir.let_('power', powerOf(ir.ref(own), ir.ref(scale)))
      const weight = coefficients
        ? ir.mul(ir.load(frame.input('keyCoefficients'), at(r)), ir.ref(power))
        : ir.ref(power)
      return { statements: [own, power], weight }
    }
    const faded = since(r)
    const weight = ir.load(frame.input('keyFeatures'), at(r))
    return { statements: [], weight: faded === undefined ? weight : ir.mul(weight, ir.call('exp', faded)) }
  }
  const over = (value: (r: Value) => Value | undefined): Body =>
    ir.for_('r', 0, ir.ref(rows), 1, (r) => {
      const { statements, weight } = weighed(r)
      const times = value(r)
      return [statements, grow(sum, times === undefined ? weight : ir.mul(weight, times))]
    })
  const valueAt = (r: Value): Value =>
    ir.load(
      frame.input('v'),
      ir.add(ir.mul(ir.add(ir.mul(head.keyGroup, keyLength), row(r)), valueDim), cell.x),
    )
  return frame.kernel(
    [
      start,
      scale ?? [],
      sum,
      ir.if_(
        ir.lt(cell.x, valueDim),
        over(valueAt),
        over(() => undefined),
      ),
    ],
    ir.ref(sum),
  )
}

/** What a fold puts together: states of one level, their number, and where each of them ends. */
interface Level {
  /** In names. */
  readonly word: string
  readonly scales: string
  readonly sums: string
  readonly perGroup: Value
  readonly end: (state: Value) => Value
  /** The states taken: `count` of them from `first`. */
  readonly first: Value
  readonly count: Value
}

export function lowerFold(frame: CellFrame, pass: CellPass, work: FoldCells): CellKernel {
  const { chunk, features } = frame.schedule
  const { quantity, result, scaling, decays, block } = work
  const scaled = scaling === 'scaled'
  const chunks = ir.shape('chunks')
  const blockCount = ir.let_('blocks', ir.div(ir.add(chunks, block - 1), block))
  const blocks = ir.ref(blockCount)
  const own = result === 'block' ? blocks : result === 'before' ? chunks : ir.u32(1)
  const { names, feature, state, group } = place(quantity, result === 'block' ? 'block' : 'chunk', own)
  const head = headOf(frame, pass.over, group)
  const fade = fading(frame, decays, head)

  const endOf = (state_: Value, rows: number): Value => smaller(ir.mul(ir.add(state_, 1), rows), head.visible)
  const ofChunks = (first: Value, count: Value): Level => ({
    word: 'inner',
    scales: 'chunkScales',
    sums: 'chunkSums',
    perGroup: chunks,
    end: (one) => endOf(one, chunk),
    first,
    count,
  })
  const ofBlocks = (count: Value): Level => ({
    word: 'outer',
    scales: 'blockScales',
    sums: 'blockSums',
    perGroup: blocks,
    end: (one) => endOf(one, chunk * block),
    first: ir.u32(0),
    count,
  })
  const before_ = ir.let_('blocksBefore', ir.div(state, block))
  const firstOfBlock = ir.mul(ir.ref(before_), block)
  const levels: Record<FoldCells['result'], readonly Level[]> = {
    block: [ofChunks(ir.mul(state, block), before(ir.mul(state, block), chunks, block))],
    before: [ofBlocks(ir.ref(before_)), ofChunks(firstOfBlock, ir.sub(state, firstOfBlock))],
    total: [ofBlocks(blocks)],
  }
  const end = ir.let_(
    'end',
    result === 'block'
      ? endOf(state, chunk * block)
      : result === 'before'
        ? smaller(ir.mul(state, chunk), head.visible)
        : head.visible,
  )
  const eachState = (then: (level: Level, one: Value, shift: Value | undefined) => Body): Body =>
    levels[result].map((level) => {
      const count = level.count.kind === 'name' ? undefined : ir.let_(`${level.word}s`, level.count)
      return [
        count ?? [],
        ir.for_(level.word, 0, count === undefined ? level.count : ir.ref(count), 1, (counted) => {
          const one = ir.add(level.first, counted)
          const index = ir.add(ir.mul(group, level.perGroup), one)
          return then(level, index, fade.over(ir.sub(ir.ref(end), level.end(one))))
        }),
      ]
    })
  const scaleOf = (level: Level, index: Value, shift: Value | undefined): Value =>
    shifted(ir.load(frame.input(level.scales), scaleAt(index, features, feature)), shift)
  const start = [blockCount, names, head.statements, fade.statements, before_, decays ? end : []]

  if (quantity === 'scales') {
    const largest = ir.var_('largest', ir.f32(lowest))
    const loops = eachState((level, index, shift) => raise(largest, scaleOf(level, index, shift)))
    return frame.kernel([start, largest, loops], ir.ref(largest))
  }
  const sum = ir.var_('sum', ir.f32(0))
  // The scales lie as the sums do, without columns.
  const ownScale = ir.let_(
    'scale',
    scaled ? ir.load(frame.input(ownScales(pass)), ir.add(ir.mul(cell.z, features), cell.y)) : ir.f32(0),
  )
  const loops = eachState((level, index, shift) => {
    const part = ir.load(frame.input(level.sums), sumAt(frame, index, feature, cell.x))
    if (!scaled) return grow(sum, shift === undefined ? part : ir.mul(part, ir.call('exp', shift)))
    const exponent = ir.let_('exponent', scaleOf(level, index, shift))
    const power = ir.let_('power', powerOf(ir.ref(exponent), ir.ref(ownScale)))
    return [exponent, power, grow(sum, ir.mul(ir.ref(power), part))]
  })
  return frame.kernel([start, scaled ? ownScale : [], sum, loops], ir.ref(sum))
}

/** The buffer of the scales that sums are over: written just before, and named like them. */
const ownScales = ({ buffers }: CellPass): string => (buffers.at(-1) ?? '').replace(/Sums$/, 'Scales')

export function lowerAbsorb(frame: CellFrame, pass: CellPass, work: AbsorbCells): CellKernel {
  const { features, valueDim } = frame.schedule
  const { quantity, scaling, coefficients, decays } = work
  if (quantity === 'scales')
    return frame.kernel([], ir.load(frame.input('raisedScales'), scaleAt(cell.z, features, cell.x)))
  const scaled = scaling === 'scaled'
  const head = headOf(frame, pass.over, cell.z)
  const fade = fading(frame, decays, head)
  const step = fade.over(ir.u32(1))
  const feature = quantity === 'sums' ? cell.y : cell.x
  const inSlice = scaleAt(cell.z, features, feature)
  const old = (): Value =>
    shifted(ir.load(frame.input('carriedScales'), scaleAt(head.group, features, feature)), step)
  const start = [head.statements, fade.statements]
  if (quantity === 'raised-scales')
    return frame.kernel(start, ir.call('max', old(), ir.load(frame.input('keyExponents'), inSlice)))

  const kept = ir.let_('kept', ir.load(frame.input('carriedSums'), sumAt(frame, head.group, feature, cell.x)))
  const value = ir.var_('value', ir.f32(1))
  const readValue = ir.if_(
    ir.lt(cell.x, valueDim),
    ir.assign(ir.ref(value), ir.load(frame.input('v'), ir.add(ir.mul(head.keyGroup, valueDim), cell.x))),
  )
  if (!scaled) {
    const added = ir.mul(ir.load(frame.input('keyFeatures'), inSlice), ir.ref(value))
    const faded = step === undefined ? ir.ref(kept) : ir.mul(ir.ref(kept), ir.call('exp', step))
    return frame.kernel([start, kept, value, readValue], ir.add(faded, added))
  }
  const scale = ir.let_('scale', ir.load(frame.input('raisedScales'), inSlice))
  const before_ = ir.let_('oldScale', old())
  const own = ir.let_('exponent', ir.load(frame.input('keyExponents'), inSlice))
  const power = ir.let_('power', powerOf(ir.ref(own), ir.ref(scale)))
  const keep = ir.let_('keep', powerOf(ir.ref(before_), ir.ref(scale)))
  const weight = coefficients
    ? ir.mul(ir.load(frame.input('keyCoefficients'), inSlice), ir.ref(power))
    : ir.ref(power)
  return frame.kernel(
    [start, kept, value, readValue, scale, before_, keep, own, power],
    ir.add(ir.mul(ir.ref(kept), ir.ref(keep)), ir.mul(weight, ir.ref(value))),
  )
}
