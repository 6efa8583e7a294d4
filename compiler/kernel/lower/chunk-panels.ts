/**
 * A tile of features on its way from registers to products: some components at a time lie in panels, from which a thread
 * adds φ(q)·S and the scores of its pairs.
 *
 * Scaled scores are products, too. A row group measures the keys before it by the scale that its components have there:
 * keys weigh 2^(e_j − c), and queries 2^(e_i + c − r_i), neither of which is more than 1. Keys of the row group itself may
 * surpass that scale, so that these few pairs take an exponential each. Nothing knows of a later key.
 */
import * as ir from '../build.ts'
import type { Author, Name } from '../author.ts'
import type { Value } from '../kernel.ts'
import { hasCoefficient, itemsOf, numberOf, setsOf, vectors } from './chunk.ts'
import type { Chunk, FarPairs, FeatureTile, NearPairs } from './chunk.ts'
import type { ChunkNumbers, Numbers } from './chunk-tile.ts'
import { fromPanel, panelPlace } from './panel.ts'
import type { Panel } from './panel.ts'
import type { GroupScales } from './row-scale.ts'
import { relativeTo } from './running-scale.ts'
import { addProducts } from './tile-product.ts'
import { across, columnGroup, extent, fourLanes, nth, range, rowGroup } from './tile.ts'
import type { Lane } from './tile.ts'

/** Adds what a tile of features gives to the sums and scores. */
export function addTile(
  k: Author,
  chunk: Chunk,
  tile: FeatureTile,
  numbers: ChunkNumbers,
  scales: GroupScales | undefined,
): void {
  const { components } = chunk.layout
  const panels = ir.div(ir.add(tile.count, components - 1), components)
  k.loop('panel', 0, panels, (panel) => {
    const first = k.let('firstOfPanel', ir.mul(panel, components))
    const { size } = nth(chunk.pass.query.blocks, tile.block)
    // Loops of constant length are written out by compilers, so that operands of several rounds are waited for together.
    const here =
      size % components === 0 ? components : k.let('componentsHere', extent(first, tile.count, components))
    fillPanel(k, chunk, tile, numbers, scales, { index: panel, first, here })
    k.barrier()
    k.loop('f', 0, here, (f) => addComponent(k, chunk, tile, first, f))
    if (chunk.pairs !== undefined) addNear(k, chunk, chunk.pairs.near, tile, here)
    k.barrier()
  })
}

/** Which of the thread's components are in a panel, if any: the panels go through the components in order. */
class Chosen {
  readonly #k: Author
  readonly #items: number
  readonly #which: Value
  readonly #chosen: { readonly name: Name; readonly at: (item: number) => Value }[] = []

  constructor(k: Author, { pass, layout }: Chunk, panel: Value) {
    this.#k = k
    this.#items = itemsOf(pass.tile)
    this.#which = k.let('itemOfPanel', ir.div(panel, across(pass.tile) / layout.components))
  }

  /** A variable that holds the chosen one of the thread's numbers after `choose`. */
  of(word: string, at: (item: number) => Value): Name {
    const name = this.#k.var(word, at(0))
    this.#chosen.push({ name, at })
    return name
  }

  numbers(name: string, numbers: Numbers['values']): readonly Name[] {
    return range(vectors).map((vector) =>
      this.of(`${name}${vector}`, (item) => numberOf(numbers, vector, item)),
    )
  }

  /** Sets all of these variables. */
  choose(): void {
    for (const item of range(this.#items).slice(1))
      this.#k.if(ir.eq(this.#which, item), () =>
        this.#chosen.forEach(({ name, at }) => this.#k.set(name, at(item))),
      )
  }
}

/** Some components of a tile: the number of their panel, the first of them, and how many there are. */
interface PanelOfTile {
  readonly index: Value
  readonly first: Value
  readonly here: Value | number
}

function fillPanel(
  k: Author,
  chunk: Chunk,
  tile: FeatureTile,
  { query, key }: ChunkNumbers,
  scales: GroupScales | undefined,
  { index: panel, first, here }: PanelOfTile,
): void {
  const { layout, pass } = chunk
  const apart = across(pass.tile) / layout.components
  const chosen = new Chosen(k, chunk, panel)
  k.if(ir.eq(ir.div(columnGroup, layout.components), ir.mod(panel, apart)), () => {
    const component = k.let('componentOfPanel', ir.mod(columnGroup, layout.components))
    const put = (into: Panel, values: readonly Value[]): void =>
      chunk.rows.forEach(({ four }, vector) =>
        k.sharedStore(layout.array, panelPlace(into, component, four), nth(values, vector)),
      )
    const queries = chosen.numbers('query', query.values)
    const keys = key && chosen.numbers('key', key.values)
    const coefficients = (side: Numbers | undefined, name: string): readonly Name[] | undefined =>
      side?.coefficients && chosen.numbers(name, side.coefficients)
    const ofQuery = coefficients(query, 'queryCoefficient')
    const ofKey = coefficients(key, 'keyCoefficient')
    const ofLane = (word: string, numbers: Value): Name =>
      chosen.of(word, (item) => ir.lane(numbers, item as Lane))
    const scale = scales && ofLane('scaleOfGroup', scales.group)
    const before = scales && key && ofLane('scaleOfState', scales.state)
    chosen.choose()
    let weights: readonly Value[] = queries
    let ofState: Value | undefined
    if (scale !== undefined) {
      const relative = chunk.rows.map(({ scale: own }, vector) =>
        k.let(`relative${vector}`, ir.sub(nth(queries, vector), own ?? ir.splat(0))),
      )
      weights = relative.map((exponent, vector) => {
        const power = ir.call('exp2', ir.add(exponent, ir.splat(scale)))
        return k.let(`powers${vector}`, ofQuery === undefined ? power : ir.mul(nth(ofQuery, vector), power))
      })
      if (before !== undefined) {
        const at = layout.scaleAt(component, rowGroup)
        ofState = k.let('stateWeight', relativeTo(scale, before))
        k.sharedStore(layout.scales, at, scale)
        k.sharedStore(layout.ofState, at, ofState)
        put(layout.queryExponent, relative)
        if (ofQuery !== undefined) put(layout.queryCoefficient, ofQuery)
      }
    }
    put(layout.query, weights)
    addToTotals(
      k,
      chunk,
      ir.add(tile.feature, first, component),
      { weights, ofState },
      isHere(component, here),
    )
    if (keys !== undefined) put(layout.key, keys)
    if (ofKey !== undefined) put(layout.keyCoefficient, ofKey)
  })
}

/** Whether a component is among those of a panel. */
const isHere = (component: Value, here: Value | number): Value =>
  typeof here === 'number' ? ir.bool(true) : ir.lt(component, here)

/** Adds what a component of the thread's gives to φ(q)·z, by the weights of its rows. */
function addToTotals(
  k: Author,
  { rows, state }: Chunk,
  feature: Value,
  { weights, ofState }: { readonly weights: readonly Value[]; readonly ofState: Value | undefined },
  exists: Value,
): void {
  k.guard(exists, () => {
    const z = ir.load(state.buffer, state.layout.z(state.start, feature))
    const weighed = k.let('z', ofState === undefined ? z : ir.mul(z, ofState))
    rows.forEach(({ total }, vector) => k.add(total, ir.mul(nth(weights, vector), ir.splat(weighed))))
  })
}

/** One component, `f` of the panel: φ(q)·S, and the pairs' scores. */
function addComponent(k: Author, chunk: Chunk, tile: FeatureTile, first: Value, f: Value): void {
  const { layout, rows, state, pass, columns, scaled, schedule } = chunk
  const weights = rows.map(({ four }, vector) => k.let(`weight${vector}`, fromPanel(layout.query, f, four)))
  const feature = ir.add(tile.feature, first, f)
  const weighed = scaled && pass.causal
  const factor = weighed
    ? k.let('weightOfState', ir.sharedLoad(layout.ofState, layout.scaleAt(f, rowGroup)))
    : undefined
  const times = (name: string, value: Value): Value =>
    factor === undefined ? value : k.let(name, ir.mul(value, factor))
  const row = ir.add(state.fours, ir.mul(feature, schedule.valueDim / columns.unit))
  const entries = columns.load(k, state.buffer, row)
  addProducts(
    k,
    rows.map(({ sums }) => ({ sums })),
    { weights, entries: entries.map((entry, column) => times(`entry${column}`, entry)) },
  )
  if (chunk.pairs !== undefined) addFar(k, chunk, chunk.pairs.far, tile, f)
}

/** Adds a component's part of φ(q_i)·φ(k_j) to the scores of far pairs. */
function addFar(
  k: Author,
  { layout, pass, scaled }: Chunk,
  far: FarPairs,
  { block }: FeatureTile,
  f: Value,
): void {
  const weights = far.rows.map(({ four }, vector) =>
    k.let(`farWeight${vector}`, fromPanel(layout.query, f, four)),
  )
  const loaded = k.let('farKeysLoaded', fromPanel(layout.key, f, far.keys))
  const powers = scaled
    ? relativeTo(ir.splat(ir.sharedLoad(layout.scales, layout.scaleAt(f, far.group))), loaded)
    : loaded
  const keys = k.let(
    'ofKeys',
    hasCoefficient(pass.key.blocks[block])
      ? ir.mul(fromPanel(layout.keyCoefficient, f, far.keys), powers)
      : powers,
  )
  for (const lane of fourLanes)
    far.rows.forEach(({ scores }, vector) =>
      k.add(nth(scores, lane), ir.mul(nth(weights, vector), ir.splat(ir.lane(keys, lane)))),
    )
}

/** Adds some components of the pairs inside row groups. */
function addNear(
  k: Author,
  chunk: Chunk,
  near: NearPairs,
  { block }: FeatureTile,
  count: Value | number,
): void {
  const { layout, pass, scaled } = chunk
  k.comment('pairs inside row groups')
  k.strided('own', near.set, count, setsOf(pass.tile), (f) => {
    const queries = k.let(
      'nearQueries',
      fromPanel(scaled ? layout.queryExponent : layout.query, f, near.rows),
    )
    const keys = k.let('nearKeys', fromPanel(layout.key, f, near.keys))
    const ofQuery = hasCoefficient(pass.query.blocks[block])
      ? k.let('nearOfQuery', fromPanel(layout.queryCoefficient, f, near.rows))
      : undefined
    const ofKey = hasCoefficient(pass.key.blocks[block])
      ? k.let('nearOfKey', fromPanel(layout.keyCoefficient, f, near.keys))
      : undefined
    near.scores.forEach((score, key) => {
      const lane = key as Lane
      const ofLane = ir.splat(ir.lane(keys, lane))
      if (!scaled) {
        k.add(score, ir.mul(queries, ofLane))
        return
      }
      const power = ir.call('exp2', ir.add(queries, ofLane))
      const withQuery = ofQuery === undefined ? power : ir.mul(ofQuery, power)
      k.add(score, ofKey === undefined ? withQuery : ir.mul(withQuery, ir.splat(ir.lane(ofKey, lane))))
    })
  })
}
