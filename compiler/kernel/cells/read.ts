/** How query rows read states, cell by cell; see `schedule/cells/read.ts`. */
import type {
  CellPass,
  NearWeightCells,
  QueryWeightCells,
  ReadCells,
  RowScaleCells,
} from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { cell } from '../cell.ts'
import type { CellKernel } from '../cell.ts'
import { lowest } from '../kernel.ts'
import type { Value } from '../kernel.ts'
import { headOf } from './frame.ts'
import type { CellFrame, Head } from './frame.ts'
import { before, finitePower, inverse, powerOf } from './numbers.ts'
import { fading, shifted, smaller } from './states.ts'

const length = ir.shape('length')
const keyLength = ir.shape('keyLength')

/** Where a row is among chunks: the row that its chunk starts with, and its own place there. */
function chunkOf(frame: CellFrame, row: Value): Chunk {
  const { chunk } = frame.schedule
  const number = ir.let_('chunk', ir.div(row, chunk))
  const first = ir.let_('firstRow', ir.mul(ir.ref(number), chunk))
  const place = ir.let_('place', ir.sub(row, ir.ref(first)))
  return { names: [number, first, place], number: ir.ref(number), first: ir.ref(first), place: ir.ref(place) }
}

interface Chunk {
  readonly names: Body
  readonly number: Value
  readonly first: Value
  readonly place: Value
}

/** The state that a row reads: its chunk's, its group's, or the carried one of its group. */
function stateOf(head: Head, chunk: Chunk, scales: string, chunked: boolean): Value {
  if (!chunked) return scales.startsWith('carried') ? head.group : head.sliceGroup
  return ir.add(ir.mul(head.sliceGroup, ir.shape('chunks')), chunk.number)
}

/** Rows since the last one in the state before a chunk, which is the last one that there is. */
const sinceState = (head: Head, chunk: Chunk, row: Value): Value =>
  ir.sub(ir.add(row, 1), ir.call('min', chunk.first, head.visible))

/** Index of a component of φ of a row, where each of so many rows of a head has one. */
const featureAt = (frame: CellFrame, head: Value, rows: Value, row: Value, feature: Value): Value =>
  ir.add(ir.mul(ir.add(ir.mul(head, rows), row), frame.schedule.features), feature)

/** x: row, y: head. */
export function lowerRowScales(frame: CellFrame, pass: CellPass, work: RowScaleCells): CellKernel {
  const { features, chunk: chunkRows } = frame.schedule
  const { near, scales, decays } = work
  const row = cell.x
  const head = headOf(frame, pass.over, cell.y)
  const fade = fading(frame, decays, head)
  const chunk = chunkOf(frame, row)
  const state = stateOf(head, chunk, scales, near)
  const largest = ir.var_('largest', ir.f32(lowest))
  const ofQuery = (f: Value): Value =>
    ir.load(frame.input('queryExponents'), featureAt(frame, cell.y, length, row, f))
  const raise = (exponent: Value): Body =>
    ir.assign(ir.ref(largest), ir.call('max', ir.ref(largest), exponent))
  const ofState = ir.for_('f', 0, features, 1, (f) => {
    const scale = ir.load(frame.input(scales), ir.add(ir.mul(state, features), f))
    return raise(ir.add(ofQuery(f), shifted(scale, fade.over(sinceState(head, chunk, row)))))
  })
  const ofChunk = (): Body =>
    ir.for_('r', 0, before(chunk.first, smaller(ir.add(row, 1), keyLength), chunkRows), 1, (r) => {
      const key = ir.add(chunk.first, r)
      return ir.for_('f', 0, features, 1, (f) => {
        const exponent = ir.load(
          frame.input('keyExponents'),
          featureAt(frame, head.sliceGroup, keyLength, key, f),
        )
        return raise(ir.add(ofQuery(f), shifted(exponent, fade.over(ir.sub(chunk.place, r)))))
      })
    })
  return frame.kernel(
    [head.statements, fade.statements, chunk.names, largest, ofState, near ? ofChunk() : []],
    ir.ref(largest),
  )
}

/** x: component, y: row, z: head. */
export function lowerQueryWeights(frame: CellFrame, pass: CellPass, work: QueryWeightCells): CellKernel {
  const { features } = frame.schedule
  const { scaling, coefficients, chunked, scales, decays } = work
  const row = cell.y
  const head = headOf(frame, pass.over, cell.z)
  const fade = fading(frame, decays, head)
  const chunk = chunkOf(frame, row)
  const since = fade.over(sinceState(head, chunk, row))
  const at = featureAt(frame, cell.z, length, row, cell.x)
  const start = [head.statements, fade.statements, chunk.names]
  if (scaling === 'plain') {
    const value = ir.load(frame.input('queryFeatures'), at)
    return frame.kernel(start, since === undefined ? value : ir.mul(value, ir.call('exp', since)))
  }
  const state = stateOf(head, chunk, scales, chunked)
  const ofState = ir.load(frame.input(scales), ir.add(ir.mul(state, features), cell.x))
  const exponent = ir.let_(
    'exponent',
    ir.add(ir.load(frame.input('queryExponents'), at), shifted(ofState, since)),
  )
  const rowScale = ir.let_('rowScale', ir.load(frame.input('rowScales'), ir.add(ir.mul(cell.z, length), row)))
  const power = powerOf(ir.ref(exponent), ir.ref(rowScale))
  return frame.kernel(
    [start, exponent, rowScale],
    coefficients ? ir.mul(ir.load(frame.input('queryCoefficients'), at), power) : power,
  )
}

/** x: place of the key row in the chunk, y: row, z: head. */
export function lowerNearWeights(frame: CellFrame, pass: CellPass, work: NearWeightCells): CellKernel {
  const { features } = frame.schedule
  const { scaling, queryCoefficients, keyCoefficients, decays } = work
  const scaled = scaling === 'scaled'
  const row = cell.y
  const head = headOf(frame, pass.over, cell.z)
  const fade = fading(frame, decays, head)
  const chunk = chunkOf(frame, row)
  const keyRow = ir.let_('keyRow', ir.add(chunk.first, cell.x))
  const key = ir.ref(keyRow)
  const sum = ir.var_('sum', ir.f32(0))
  const part = (f: Value, side: 'query' | 'key', word: string): Value =>
    ir.load(
      frame.input(`${side}${word}`),
      side === 'query'
        ? featureAt(frame, cell.z, length, row, f)
        : featureAt(frame, head.sliceGroup, keyLength, key, f),
    )
  const since = fade.over(ir.sub(row, key))
  const rowScale = ir.let_(
    'rowScale',
    scaled ? ir.load(frame.input('rowScales'), ir.add(ir.mul(cell.z, length), row)) : ir.f32(0),
  )
  const term = (f: Value): { readonly statements: Body; readonly value: Value } => {
    if (!scaled)
      return { statements: [], value: ir.mul(part(f, 'query', 'Features'), part(f, 'key', 'Features')) }
    const exponent = ir.let_(
      'exponent',
      shifted(ir.add(part(f, 'query', 'Exponents'), part(f, 'key', 'Exponents')), since),
    )
    const power = ir.let_('power', powerOf(ir.ref(exponent), ir.ref(rowScale)))
    const withQuery = queryCoefficients
      ? ir.mul(part(f, 'query', 'Coefficients'), ir.ref(power))
      : ir.ref(power)
    return {
      statements: [exponent, power],
      value: keyCoefficients ? ir.mul(withQuery, part(f, 'key', 'Coefficients')) : withQuery,
    }
  }
  const loop = ir.for_('f', 0, features, 1, (f) => {
    const { statements, value } = term(f)
    return [statements, ir.assign(ir.ref(sum), ir.add(ir.ref(sum), value))]
  })
  const seen = ir.if_(ir.and(ir.le(key, row), ir.lt(key, keyLength)), [
    scaled ? rowScale : [],
    loop,
    scaled || since === undefined ? [] : ir.assign(ir.ref(sum), ir.mul(ir.ref(sum), ir.call('exp', since))),
  ])
  return frame.kernel([head.statements, fade.statements, chunk.names, keyRow, sum, seen], ir.ref(sum))
}

/** x: column, y: row, z: head; of factors x: row, y: head. */
export function lowerRead(frame: CellFrame, pass: CellPass, work: ReadCells): CellKernel {
  const { features, valueDim } = frame.schedule
  const { result, weights, sums, chunked, near, scaling, normalize, epsilon } = work
  const scaled = scaling === 'scaled'
  const ofRows = result === 'rows'
  const [row, at] = ofRows ? [cell.y, cell.z] : [cell.x, cell.y]
  const column = ofRows ? cell.x : ir.u32(valueDim)
  const head = headOf(frame, pass.over, at)
  const ofRow = ir.add(ir.mul(at, length), row)
  if (!ofRows && normalize === 'none')
    return frame.kernel([], finitePower(ir.load(frame.input('rowScales'), ofRow)))

  const chunk = chunkOf(frame, row)
  const { first } = chunk
  const state = stateOf(head, chunk, sums, chunked)
  const sum = ir.var_('sum', ir.f32(0))
  const grow = (value: Value): Body => ir.assign(ir.ref(sum), ir.add(ir.ref(sum), value))
  const ofState = ir.for_('f', 0, features, 1, (f) =>
    grow(
      ir.mul(
        ir.load(frame.input(weights), featureAt(frame, at, length, row, f)),
        ir.load(frame.input(sums), ir.add(ir.mul(ir.add(ir.mul(state, features), f), valueDim + 1), column)),
      ),
    ),
  )
  const keys = ir.let_(
    'keys',
    ofRows
      ? before(first, ir.call('min', head.visible, ir.add(row, 1)), frame.schedule.chunk)
      : ir.add(chunk.place, 1),
  )
  const ofChunk = (): Body => [
    keys,
    ir.for_('r', 0, ir.ref(keys), 1, (r) => {
      const weight = ir.load(frame.input('nearWeights'), ir.add(ir.mul(ofRow, frame.schedule.chunk), r))
      if (!ofRows) return grow(weight)
      const value = ir.add(ir.mul(ir.add(ir.mul(head.keyGroup, keyLength), first, r), valueDim), column)
      return grow(ir.mul(weight, ir.load(frame.input('v'), value)))
    }),
  ]
  const body = [head.statements, chunk.names, sum, ofState, near ? ofChunk() : []]
  if (ofRows)
    return frame.kernel(
      body,
      frame.reads('rowFactors')
        ? ir.mul(ir.ref(sum), ir.load(frame.input('rowFactors'), ofRow))
        : ir.ref(sum),
    )
  const offset = denominator(
    ir.ref(sum),
    epsilon,
    scaled ? ir.load(frame.input('rowScales'), ofRow) : undefined,
  )
  return frame.kernel([body, offset], inverse(ir.ref(offset)))
}

/** The sum of weights and ε, which is over the exponential of the row's scale as they are. */
export function denominator(
  sum: Value,
  epsilon: number,
  scale: Value | undefined,
): ReturnType<typeof ir.let_> {
  if (epsilon === 0) return ir.let_('denominator', sum)
  const added = scale === undefined ? ir.f32(epsilon) : ir.mul(finitePower(ir.neg(scale)), epsilon)
  return ir.let_('denominator', ir.add(sum, added))
}
