/**
 * Which instructions a compiler of shaders makes of values: equal values are computed once, and what does not change in
 * a loop is computed before it. Values get numbers; a value that has one already costs nothing more.
 */
import { invariant } from '../diagnostics/invariant.ts'
import type { Value, ValueType } from '../kernel/kernel.ts'
import { typeOf } from '../kernel/target.ts'
import { costOfCall, floatDivision, integerDivision } from './helpers.ts'
import { type Instructions, noInstructions, plus } from './instructions.ts'

/** A stretch of statements that are executed together: the kernel, the body of a loop, a branch. */
export class Place {
  readonly parent: Place | undefined
  readonly isLoop: boolean
  /** Instructions of a thread each time that the place is executed. */
  cost: Instructions = noInstructions
  /** How often a warp waits for global memory each time: loads that need no other load's result are one wait. */
  waits = 0
  /** The same for workgroup memory. */
  sharedWaits = 0
  /** How many rounds of a loop a compiler puts together, so that their loads are waited for at once. */
  rounds = 1
  /** How often warps executed it, and with how many active lanes in all. */
  executions = 0
  lanes = 0

  constructor(parent: Place | undefined, isLoop: boolean) {
    this.parent = parent
    this.isLoop = isLoop
  }

  execute(lanes: number, times = 1): void {
    this.executions += times
    this.lanes += lanes * times
  }

  reset(): void {
    this.executions = 0
    this.lanes = 0
  }

  charge(instructions: Partial<Instructions>): void {
    this.cost = plus(this.cost, instructions)
  }

  isWithin(other: Place): boolean {
    return this === other || (this.parent?.isWithin(other) ?? false)
  }
}

/** The number of a value, where it is computed, and how many loads stand one after another before it is known. */
export interface Known {
  readonly id: number
  readonly place: Place
  readonly loads: number
}

/** Loads of one statement: the same load of several lanes of a vector is one instruction. */
export type Loads = Map<string, Known>

type Load = Extract<Value, { kind: 'load' | 'sharedLoad' }>

/** Numbers values in the order of the kernel's text, and charges places with what they take. */
export class Numbering {
  place: Place
  readonly #known = new Map<string, Known>()
  #onLoad: (load: Load) => void = () => undefined
  #next = 0
  /** Whether what is numbered is an index of a load. */
  #inIndex = false

  constructor(place: Place) {
    this.place = place
  }

  /** Numbers values, and makes a site of each load on the way. */
  collecting<Site>(
    siteOf: (load: Load) => Site,
    number: () => readonly Known[],
  ): { readonly sites: readonly Site[]; readonly known: readonly Known[] } {
    const sites: Site[] = []
    this.#onLoad = (load) => sites.push(siteOf(load))
    return { known: number(), sites }
  }

  /** A value of which nothing is known but where it arises. */
  fresh(place = this.place): Known {
    return { id: this.#next++, place, loads: 0 }
  }

  lanes(value: Value, names: Names, loads: Loads): readonly Known[] {
    const lanes = typeOf(value) === 'vec4f' ? [0, 1, 2, 3] : [0]
    return lanes.map((lane) => this.number(value, lane, names, loads))
  }

  number(value: Value, lane: number, names: Names, loads: Loads): Known {
    const of = (part: Value, at = lane): Known => this.number(part, at, names, loads)
    switch (value.kind) {
      case 'number':
        return this.#operation(`${value.type} ${value.value}`, [], {})
      case 'thread':
      case 'workgroup':
        return this.#operation(value.kind, [], {})
      case 'shape':
        return this.#operation(`shape ${value.field}`, [], {})
      case 'bufferLength':
        return this.#operation(`length ${value.buffer}`, [], {})
      case 'name': {
        const known = names.get(value.name)?.[lane]
        invariant(known !== undefined, `${value.name} has been numbered`)
        return known
      }
      case 'load':
      case 'sharedLoad':
        return this.#load(value, lane, names, loads)
      case 'lane':
        return of(value.vector, value.lane)
      case 'vec4': {
        const part = value.lanes[lane]
        invariant(part !== undefined, 'a vec4f has four lanes')
        return of(part, 0)
      }
      case 'splat':
        return of(value.value, 0)
      case 'unary': {
        const free = typeOf(value.operand) === 'f32' || typeOf(value.operand) === 'vec4f'
        return this.#operation(value.operator, [of(value.operand)], free ? {} : { integers: 1 })
      }
      case 'binary':
        return this.#binary(value, of)
      case 'select': {
        const cost = isFloat(typeOf(value)) ? { floats: 1 } : { integers: 1 }
        return this.#operation('select', [of(value.condition, 0), of(value.yes), of(value.no)], cost)
      }
      case 'call': {
        const { intrinsic: name, args } = value
        const type = typeOf(args[0] ?? value)
        return this.#operation(
          name,
          args.map((argument) => of(argument)),
          costOfCall(name, args, type),
        )
      }
      case 'convert': {
        const between = [typeOf(value.value), value.to]
        const cost = between.includes('f32') ? { floats: 1 } : {}
        return this.#operation(`to ${value.to}`, [of(value.value, 0)], cost)
      }
    }
  }

  #binary(value: Extract<Value, { kind: 'binary' }>, of: (part: Value) => Known): Known {
    const { operator, left, right } = value
    const type = typeOf(left)
    if (isFloat(type) && (operator === '+' || operator === '-')) {
      // One product goes into the sum; where both sides are one, the other is computed before.
      const [product, other] = isProduct(left) ? [left, right] : [right, left]
      if (isProduct(product)) {
        const parts = [of(other), of(product.left), of(product.right)]
        return this.#operation(`fma ${operator} ${product === left}`, parts, { multiplyAdds: 1 })
      }
    }
    const parts = [of(left), of(right)]
    return this.#operation(`${operator} ${type}`, parts, costOfOperator(operator, type, right))
  }

  #load(load: Load, lane: number, names: Names, loads: Loads): Known {
    const index = this.#index(load, names, loads)
    const memory = load.kind === 'load' ? load.buffer : load.array
    const offset = load.index === withoutOffset(load.index) ? '' : JSON.stringify(load.index)
    const key = `${memory} ${index.id} ${offset} ${load.type}`
    const known = loads.get(`${key} ${lane}`)
    if (known !== undefined) return known
    if (!loads.has(key)) {
      this.#onLoad(load)
      loads.set(key, this.fresh())
    }
    const before = index.place === this.place ? index.loads : 0
    const result = { ...this.fresh(), loads: before + 1 }
    if (load.kind === 'load') this.place.waits = Math.max(this.place.waits, before + 1)
    else this.place.sharedWaits = Math.max(this.place.sharedWaits, before + 1)
    loads.set(`${key} ${lane}`, result)
    return result
  }

  #index(load: Load, names: Names, loads: Loads): Known {
    const outer = this.#inIndex
    this.#inIndex = true
    const known = this.number(withoutOffset(load.index), 0, names, loads)
    this.#inIndex = outer
    return known
  }

  #operation(name: string, parts: readonly Known[], cost: Partial<Instructions>): Known {
    const key = `${name}(${parts.map(({ id }) => id).join(' ')})`
    const known = this.#known.get(key)
    if (known !== undefined && this.place.isWithin(known.place)) return known
    const place = this.#placeOf(parts)
    const loads = parts.reduce((most, part) => (part.place === place ? Math.max(most, part.loads) : most), 0)
    const result = { id: this.#next++, place, loads }
    place.charge(this.#inIndex ? inRounds(cost, place.rounds) : cost)
    this.#known.set(key, result)
    return result
  }

  /** Before the outermost loop that changes none of the parts. */
  #placeOf(parts: readonly Known[]): Place {
    let place = this.place
    for (let at: Place | undefined = this.place; at !== undefined; at = at.parent) {
      const here = at
      if (parts.some((part) => part.place === here)) break
      if (at.isLoop && at.parent !== undefined) place = at.parent
    }
    return place
  }
}

/** The numbers of a name's lanes. */
export type Names = ReadonlyMap<string, readonly Known[]>

/** Indexes of rounds that are put together lie constants apart, which accesses add for nothing. */
const inRounds = (cost: Partial<Instructions>, rounds: number): Partial<Instructions> =>
  cost.integers === undefined ? cost : { ...cost, integers: cost.integers / rounds }

const isFloat = (type: ValueType): boolean => type === 'f32' || type === 'vec4f'

const isProduct = (value: Value): value is Extract<Value, { kind: 'binary' }> =>
  value.kind === 'binary' && value.operator === '*'

/** An instruction that accesses memory adds a constant by itself. */
function withoutOffset(index: Value): Value {
  return index.kind === 'binary' && index.operator === '+' && index.right.kind === 'number'
    ? index.left
    : index
}

function costOfOperator(operator: string, type: ValueType, right: Value): Partial<Instructions> {
  if (operator !== '/' && operator !== '%') return isFloat(type) ? { floats: 1 } : { integers: 1 }
  if (isFloat(type)) return floatDivision
  if (right.kind !== 'number') return integerDivision
  const byShift = Number.isInteger(Math.log2(right.value))
  // Otherwise by the upper half of a product with the reciprocal.
  return { integers: byShift ? 1 : operator === '/' ? 3 : 5 }
}
