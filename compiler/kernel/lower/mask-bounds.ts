/**
 * Whether any pair of a tile can meet a mask's condition, and whether all do,
 * from the tile's corners alone: intervals of numbers through the condition's
 * arithmetic. A tile that can have none is skipped whole, by all threads alike,
 * and in one that has all the condition is not asked; what the intervals cannot
 * tell counts as possible, and as not certain.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { neverWraps } from '../../symbolic/index-arithmetic.ts'
import * as ir from '../build.ts'
import type { Value } from '../kernel.ts'

/** Both ends, included; i32, or f32 for `random` and fractions. The same value twice if every tile has equal ends. */
export interface Bounds {
  readonly low: Value
  readonly high: Value
}

/** Of a condition over the tile's pairs, as bools. */
export interface Truth {
  /** True where some pair may meet it. */
  readonly may: Value
  /** True only where every pair meets it. */
  readonly must: Value
}

const unknown: Truth = { may: ir.bool(true), must: ir.bool(false) }

/** The bounds, over a tile, of `i`, `j` and `length` in i32, and of the values that are made from them. */
interface Tile {
  readonly names: (name: string) => Bounds
  readonly known: Map<Expression, Bounds | undefined>
}

/** `names` bounds `i`, `j` and `length` over the tile, in i32. */
export const truth = (condition: Expression, names: (name: string) => Bounds): Truth =>
  truthIn(condition, { names, known: new Map() })

function truthIn(expression: Expression, tile: Tile): Truth {
  invariant(expression.kind === 'apply', 'a condition is built by operators')
  const { operator, args } = expression
  const [left, right] = args
  invariant(left !== undefined, `${operator} has an argument`)
  if (operator === 'not') {
    const { may, must } = truthIn(left, tile)
    return { may: ir.not(must), must: ir.not(may) }
  }
  invariant(right !== undefined, `${operator} has two arguments`)
  if (operator === 'and' || operator === 'or') {
    const [a, b] = [truthIn(left, tile), truthIn(right, tile)]
    const join = operator === 'and' ? ir.and : ir.or
    return { may: join(a.may, b.may), must: join(a.must, b.must) }
  }
  const [a, b] = alike(bounds(left, tile), bounds(right, tile))
  if (a === undefined || b === undefined) return unknown
  switch (operator) {
    case 'less':
      return { may: ir.lt(a.low, b.high), must: ir.lt(a.high, b.low) }
    case 'lessEqual':
      return { may: ir.le(a.low, b.high), must: ir.le(a.high, b.low) }
    case 'greater':
      return { may: ir.gt(a.high, b.low), must: ir.gt(a.low, b.high) }
    case 'greaterEqual':
      return { may: ir.ge(a.high, b.low), must: ir.ge(a.low, b.high) }
    case 'equal':
      return equal(a, b)
    case 'notEqual': {
      const { may, must } = equal(a, b)
      return { may: ir.not(must), must: ir.not(may) }
    }
    default:
      return unknown
  }
}

function equal(a: Bounds, b: Bounds): Truth {
  const meet = ir.and(ir.le(a.low, b.high), ir.le(b.low, a.high))
  return { may: meet, must: ir.and(isPoint(a), isPoint(b), ir.eq(a.low, b.low)) }
}

const isPoint = ({ low, high }: Bounds): Value => ir.eq(low, high)
/** Whatever the tile: both ends are one value. */
const isOneNumber = ({ low, high }: Bounds): boolean => low === high
const point = (value: Value): Bounds => ({ low: value, high: value })

/** Of a function that never decreases in any argument. */
function mapEnds(f: (...ends: Value[]) => Value, ...args: readonly Bounds[]): Bounds {
  const low = f(...args.map((one) => one.low))
  return args.every(isOneNumber) ? point(low) : { low, high: f(...args.map((one) => one.high)) }
}

const negated = (a: Bounds): Bounds =>
  isOneNumber(a) ? point(ir.neg(a.low)) : { low: ir.neg(a.high), high: ir.neg(a.low) }

/** Integers beside fractions become fractions. */
function alike(a: Bounds | undefined, b: Bounds | undefined): [Bounds | undefined, Bounds | undefined] {
  if (a === undefined || b === undefined || ir.typeOf(a.low) === ir.typeOf(b.low)) return [a, b]
  const real = (bounds: Bounds): Bounds => mapEnds((end) => ir.convert('f32', end), bounds)
  return [real(a), real(b)]
}

/** Nothing where the arithmetic is not one of integers. */
function bounds(expression: Expression, tile: Tile): Bounds | undefined {
  if (tile.known.has(expression)) return tile.known.get(expression)
  const made = makeBounds(expression, tile)
  tile.known.set(expression, made)
  return made
}

function makeBounds(expression: Expression, tile: Tile): Bounds | undefined {
  if (expression.kind === 'constant') {
    const { value } = expression
    return point((value | 0) === value ? ir.i32(value) : ir.f32(value))
  }
  if (expression.kind === 'variable') return tile.names(expression.name)
  if (expression.kind !== 'apply') return undefined
  const { operator, args } = expression
  const [first] = args
  if (operator === 'floor' && first?.kind === 'apply' && first.operator === 'divide')
    return quotient(first.args, tile)
  const ends = args.map((argument) => bounds(argument, tile))
  if (!ends.every((one) => one !== undefined)) return undefined
  if (operator === 'random') return randomBounds(ends, args.every(neverWraps))
  const [left, right] = ends
  const [a, b] = right === undefined ? [left, undefined] : alike(left, right)
  if (a === undefined) return undefined
  // Products of fractions round, and keep their order; sums of them a device may join with other operations.
  if (ir.typeOf(a.low) === 'f32' && !['negate', 'multiply', 'min', 'max'].includes(operator)) return undefined
  if (operator === 'negate') return negated(a)
  if (operator === 'floor') return a
  if (operator === 'abs') return absolute(a)
  if (b === undefined) return undefined
  switch (operator) {
    case 'add':
      return mapEnds(ir.add, a, b)
    case 'subtract':
      return mapEnds(ir.sub, a, { low: b.high, high: b.low })
    case 'multiply':
      return product(a, b)
    case 'min':
      return mapEnds((x, y) => ir.call('min', x, y), a, b)
    case 'max':
      return mapEnds((x, y) => ir.call('max', x, y), a, b)
    case 'modulo':
      return remainder(a, args[1])
    default:
      return undefined
  }
}

function absolute({ low, high }: Bounds): Bounds {
  if (low === high) return point(ir.call('abs', low))
  const [a, b] = [ir.call('abs', low), ir.call('abs', high)]
  const through = ir.and(ir.le(low, 0), ir.ge(high, 0))
  return { low: ir.select(through, 0, ir.call('min', a, b)), high: ir.call('max', a, b) }
}

function product(a: Bounds, b: Bounds): Bounds {
  const endsOf = (one: Bounds): Value[] => (isOneNumber(one) ? [one.low] : [one.low, one.high])
  const ends = endsOf(a).flatMap((left) => endsOf(b).map((right) => ir.mul(left, right)))
  const most = (which: 'min' | 'max'): Value => ends.reduce((left, right) => ir.call(which, left, right))
  if (ends.length === 1) return point(most('min'))
  return { low: most('min'), high: most('max') }
}

/** ⌊a / c⌋ for a positive constant c. */
function quotient(args: readonly Expression[], tile: Tile): Bounds | undefined {
  const [dividend, divisor] = args
  const a = dividend && bounds(dividend, tile)
  const c = positiveInteger(divisor)
  if (a === undefined || c === undefined || ir.typeOf(a.low) !== 'i32') return undefined
  return mapEnds((end) => ir.call('floorDivide', end, c), a)
}

/** a mod c, which is known where no multiple of c lies between the ends. */
function remainder(a: Bounds, divisor: Expression | undefined): Bounds | undefined {
  const c = positiveInteger(divisor)
  if (c === undefined) return undefined
  if (isOneNumber(a)) return point(ir.call('floorModulo', a.low, c))
  const whole = ir.eq(ir.call('floorDivide', a.low, c), ir.call('floorDivide', a.high, c))
  return {
    low: ir.select(whole, ir.call('floorModulo', a.low, c), 0),
    high: ir.select(whole, ir.call('floorModulo', a.high, c), ir.sub(c, 1)),
  }
}

/** One number where its arguments are, else anything in [0, 1). Ends that may have wrapped tell nothing. */
function randomBounds(args: readonly Bounds[], areEnds: boolean): Bounds | undefined {
  if (!areEnds) return { low: ir.f32(0), high: ir.f32(1) }
  const [a, b, seed] = args
  if (a === undefined || b === undefined || seed === undefined) return undefined
  if ([a, b, seed].some(({ low }) => ir.typeOf(low) !== 'i32')) return undefined
  if ([a, b, seed].every(isOneNumber)) return point(ir.call('random', a.low, b.low, seed.low))
  const known = ir.and(isPoint(a), isPoint(b), isPoint(seed))
  const drawn = ir.call('random', a.low, b.low, seed.low)
  return { low: ir.select(known, drawn, 0), high: ir.select(known, drawn, 1) }
}

function positiveInteger(expression: Expression | undefined): Value | undefined {
  if (expression?.kind !== 'constant' || !Number.isInteger(expression.value) || expression.value < 1)
    return undefined
  return ir.i32(expression.value)
}
