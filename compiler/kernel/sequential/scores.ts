/** The scores of eight rows and a tile of keys, four keys at a time, and the largest that each row sees. */
import * as ir from '../build.ts'
import type { Author, Name } from '../author.ts'
import { lowest } from '../kernel.ts'
import type { Value } from '../kernel.ts'
import { unlessZero } from '../lower/exponents.ts'
import { expressionsOf } from '../lower/features.ts'
import { widen } from '../lower/operators.ts'
import { raised } from '../lower/running-scale.ts'
import { evaluatePairs } from '../lower/pairs.ts'
import type { Evaluated, Reduced } from '../lower/pairs.ts'
import { tableRows } from '../lower/tables.ts'
import { eachLane, fourLanes, inLanes } from '../lower/tile.ts'
import { maskShows, truthOfTile } from '../lower/visibility.ts'
import type { Block, Online } from './online-scratch.ts'
import { productSpan, reductionsIn } from './one-sided.ts'
import { knownSums } from './row-sums.ts'
import { addProducts, tileColumns, tileOf, tileRows } from './tile-product.ts'

/** The two vectors of eight rows. */
export const halves = [0, 1] as const

/**
 * Leaves in `pairs` the exponents, or the weights of a kernel without exponents. Declares the rows' scales with these
 * keys in them and returns them, a vec4f for each half; none where nothing is scaled.
 */
export function scores(k: Author, online: Online, block: Block): readonly Name[] {
  const { pass, scratch, dim } = online
  const scaled = pass.kernel.kind === 'scaled'
  const tops = scaled
    ? halves.map((half) =>
        k.var(`top${half}`, ir.sharedLoadFour(scratch.scales, ir.add(block.row, half * 4))),
      )
    : []
  const panel = k.let('queryPanel', ir.mul(block.row, dim))
  k.strided('fourKeys', 0, block.keys, tileRows, (group) => {
    const key = k.let('groupKey', ir.add(block.from, group))
    const { may, must } = shown(online, block, key)
    const place = (item: number, half: number): Value =>
      ir.add(ir.mul(group, tileColumns), item * tileColumns + half * 4)
    const compute = (): void => {
      const start = k.let('keyStart', ir.mul(group, scratch.keyStride))
      const whole = k.let('allSeen', ir.and(ir.le(ir.add(key, tileRows), online.end), must))
      fourKeys(k, online, block, { panel, start, key, group, whole, place }, tops)
    }
    const nothing = (): void =>
      halves.forEach((half) =>
        fourLanes.forEach((item) => {
          k.sharedStore(scratch.pairs, place(item, half), ir.splat(absentScore(online)))
          if (hasCoefficient(online)) k.sharedStore(scratch.coefficients, place(item, half), ir.splat(0))
        }),
      )
    if (may.kind === 'number') compute()
    else k.if(may, compute, nothing)
  })
  return tops
}

/** Whether the mask shows some of eight rows' pairs with four keys, and whether all. */
function shown(
  { pass: { mask }, numbered }: Online,
  { first }: Block,
  key: Value,
): { readonly may: Value; readonly must: Value } {
  // Causal keys past the last of the rows are left out beforehand.
  if (mask.kind === 'causal')
    return { may: ir.bool(true), must: ir.le(ir.add(key, tileRows - 1), numbered(first)) }
  const geometry = { mask, rows: tileColumns, keys: tileRows, firstRow: first, numbered }
  return truthOfTile(geometry, key) ?? { may: ir.bool(true), must: ir.bool(true) }
}

/** Four keys of a tile. */
interface Group {
  /** Where the panel of the rows starts. */
  readonly panel: Value
  /** Where the first key starts in scratch, its number, and its place in the tile. */
  readonly start: Value
  readonly key: Value
  readonly group: Value
  /** Whether every pair is seen. */
  readonly whole: Value
  /** Index in `pairs` of a key's weights for four rows. */
  readonly place: (item: number, half: number) => Value
}

function fourKeys(k: Author, online: Online, block: Block, group: Group, tops: readonly Name[]): void {
  const { pass, scratch } = online
  const products = multiply(k, online, group)
  const each = halves.map((half) => {
    const { value } = evaluate(k, online, block, group, half, products(half))
    const coefficients = hasCoefficient(online)
      ? eachLane((item) => k.var(`coefficient${half}${item}`, widen(value(1, item))))
      : undefined
    const found = eachLane((item) => {
      const score = widen(value(0, item))
      const coefficient = coefficients?.[item]
      return k.var(`score${half}${item}`, coefficient === undefined ? score : unlessZero(score, coefficient))
    })
    return { half, found, coefficients }
  })
  const shortMask = pass.mask.kind !== 'condition'
  if (shortMask) k.if(ir.not(group.whole), () => hideInRegisters(k, online, block, group, each))
  for (const { half, found, coefficients } of each) {
    found.forEach((score, item) => k.sharedStore(scratch.pairs, group.place(item, half), score))
    coefficients?.forEach((coefficient, item) =>
      k.sharedStore(scratch.coefficients, group.place(item, half), coefficient),
    )
  }
  if (!shortMask)
    k.if(ir.not(group.whole), () => {
      hideInScratch(k, online, block, group)
      for (const { half, found } of each)
        found.forEach((score, item) =>
          k.set(score, ir.sharedLoadFour(scratch.pairs, group.place(item, half))),
        )
    })
  for (const { half, found } of each) {
    const top = tops[half]
    const [a, b, c, d] = found
    if (top !== undefined) k.set(top, raised(top, raised(raised(a, b), raised(c, d))))
  }
}

/** The score of a pair that is not seen. */
const absentScore = ({ pass }: Online): number => (pass.kernel.kind === 'scaled' ? lowest : 0)

/** Whether pairs have coefficients. That of a pair that is not seen has to be 0, since it may be infinite otherwise. */
const hasCoefficient = ({ pass: { kernel } }: Online): boolean =>
  kernel.kind === 'scaled' && kernel.coefficient !== undefined

/** Whether the call has the key, and the mask shows it to the row. */
const isSeen = ({ pass, numbered, end }: Online, { first }: Block, row: Value, key: Value): Value =>
  ir.and(ir.lt(key, end), maskShows(pass.mask, numbered(ir.add(first, row)), key))

/** Hides the pairs that are not seen. The condition stands 32 times in the text, so it has to be short. */
function hideInRegisters(
  k: Author,
  online: Online,
  block: Block,
  group: Group,
  each: readonly {
    readonly half: number
    readonly found: readonly Name[]
    readonly coefficients: readonly Name[] | undefined
  }[],
): void {
  const hide = (half: number, numbers: readonly Name[], absent: number): void =>
    numbers.forEach((number, item) => {
      const shown = inLanes((lane) =>
        ir.select(
          isSeen(online, block, ir.u32(half * 4 + lane), ir.add(group.key, item)),
          ir.lane(number, lane),
          absent,
        ),
      )
      k.set(number, shown)
    })
  for (const { half, found, coefficients } of each) {
    hide(half, found, absentScore(online))
    if (coefficients !== undefined) hide(half, coefficients, 0)
  }
}

/** The same in `pairs`, with the condition once in the text, because that of a file may be of any length. */
function hideInScratch(k: Author, online: Online, block: Block, group: Group): void {
  k.loop('hiddenKey', 0, tileRows, (item) =>
    k.loop('hiddenRow', 0, tileColumns, (row) => {
      const place = ir.add(group.place(0, 0), ir.mul(item, tileColumns), row)
      k.if(ir.not(isSeen(online, block, row, ir.add(group.key, item))), () => {
        k.sharedStore(online.scratch.pairs, place, ir.f32(absentScore(online)))
        if (hasCoefficient(online)) k.sharedStore(online.scratch.coefficients, place, ir.f32(0))
      })
    }),
  )
}

/** The kernel's expressions on four of the rows and four keys; `products` are those of both. */
function evaluate(
  k: Author,
  online: Online,
  block: Block,
  { panel, start, group }: Group,
  half: number,
  products: Reduced,
): Evaluated {
  const { queries, keys, keyStride } = online.scratch
  const query = (index: Value): Value => ir.add(panel, ir.mul(index, tileColumns), half * 4)
  const evaluated = evaluatePairs(
    expressionsOf({ term: online.pass.kernel }),
    {
      items: tileRows,
      rows: {
        q: {
          extent: 'lanes',
          load: (lane, index) => ir.sharedLoad(queries, ir.add(query(index), lane)),
          loadLanes: (index) => ir.sharedLoadFour(queries, query(index)),
        },
        k: {
          extent: 'items',
          load: (item, index) => ir.sharedLoad(keys, ir.add(start, index, item * keyStride)),
        },
        ...tableRows(online.pass, online.binding, (lane) => ir.add(block.first, half * 4 + lane)),
      },
      scalars: {},
      prefix: `pair${half}`,
    },
    new Map([...knownSums(online, ir.add(block.row, half * 4), group), ...products]),
  )
  k.use(evaluated.statements)
  return evaluated
}

/** Computes the products of queries and keys that the kernel has, by a tile product each; returns them by the half of the rows. */
function multiply(k: Author, { pass, scratch }: Online, { panel, start }: Group): (half: number) => Reduced {
  const products = [...reductionsIn(expressionsOf({ term: pass.kernel }))].flatMap(([key, reduce]) => {
    const span = productSpan(reduce)
    return span === undefined ? [] : [{ key, span }]
  })
  const tiles = products.map(({ key, span: { from, size } }, which) => {
    const name = `dot${which || ''}`
    const tile = tileOf(k, name)
    addProducts(k, tile, { name: `${name}_t`, from, to: from + size }, (t) => ({
      left: (item) => ir.sharedLoad(scratch.keys, ir.add(start, t, item * scratch.keyStride)),
      right: (half) => ir.sharedLoadFour(scratch.queries, ir.add(panel, ir.mul(t, tileColumns), half * 4)),
    }))
    return { key, tile }
  })
  return (half) => new Map(tiles.map(({ key, tile }) => [key, (item: number) => tile[item]?.[half] as Name]))
}
