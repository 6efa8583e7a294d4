/** The statements and values of a cell, for all cells of a block. */
import type { CellKernel } from '../cell.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { intrinsics, isIntrinsic } from '../intrinsics.ts'
import type { Binding, Statement, Target, Value } from '../kernel.ts'
import { lanes, range } from '../lower/tile.ts'
import { typeOf } from '../types.ts'
import { children, declaredNames, mapChildren } from '../walk.ts'
import type { Dependences } from './dependence.ts'

type Conditional = Extract<Statement, { kind: 'if' }>
type Lane = 0 | 1 | 2 | 3

/** Rows, and vectors of columns, of a block. */
export interface BlockShape {
  readonly rows: number
  readonly vectors: number
  /** Whether four numbers of a buffer are moved at once, from anywhere. */
  readonly moved: boolean
}

/** A part of the block that is written together: rows, and one lane where lanes are taken one by one. */
interface Part {
  readonly rows: readonly number[]
  readonly column?: number
}

export class CellBlock {
  readonly #dependences: Dependences
  readonly #vectors: number
  readonly #moved: boolean
  readonly #whole: Part
  readonly #bindings: ReadonlyMap<string, Binding>
  /** Names of a lane that is taken by itself, in the place of the vectors'. */
  readonly #ofLanes = new Map<string, Value>()
  /** What all rows read of one statement, by vector. */
  readonly #shared = new Map<Value, readonly Value[]>()
  #copies = 0

  constructor({ inputs }: CellKernel, dependences: Dependences, { rows, vectors, moved }: BlockShape) {
    this.#moved = moved
    this.#dependences = dependences
    this.#vectors = vectors
    this.#whole = { rows: range(rows) }
    this.#bindings = new Map(inputs.map((input) => [input.name, input]))
  }

  /** Declares the rows; those past the last one are the last one again, which nobody writes. */
  rowNames(height: Value): Body[] {
    return this.#whole.rows
      .filter((row) => row > 0)
      .map((row) => ir.let_(`y_${row}`, ir.call('min', ir.add(ir.name('y', 'u32'), row), ir.sub(height, 1))))
  }

  row(row: number): Value {
    return ir.name(row === 0 ? 'y' : `y_${row}`, 'u32')
  }

  coefficient(value: Value): number | undefined {
    return this.#dependences.coefficient(value)
  }

  statements(body: readonly Statement[]): Body {
    return body.map((statement) => this.#statement(statement, this.#whole))
  }

  #statement(statement: Statement, part: Part): Body {
    switch (statement.kind) {
      case 'let':
      case 'var':
        return this.#declaration(statement, part)
      case 'assign':
        return this.#assignment(statement.target, statement.value, part)
      case 'for': {
        const [row = 0] = part.rows
        const bound = (value: Value): Value => this.number(value, row, part.column ?? 0)
        return ir.for_(statement.index, bound(statement.from), bound(statement.to), statement.step, () =>
          statement.body.map((one) => this.#statement(one, part)),
        )
      }
      case 'if':
        return this.#branch(statement, part)
      default:
        return statement
    }
  }

  /** The rows, and vectors, for which something is written that depends on the cell so. */
  #instances(name: string, { rows }: Part): { readonly row: number; readonly vector: number }[] {
    const { x, y } = this.#dependences.of(ir.name(name, 'f32'))
    return (y ? rows : rows.slice(0, 1)).flatMap((row) =>
      (x ? range(this.#vectors) : [0]).map((vector) => ({ row, vector })),
    )
  }

  #declaration(statement: Extract<Statement, { kind: 'let' | 'var' }>, part: Part): Body {
    const { name, value, kind } = statement
    const declare = kind === 'let' ? ir.let_ : ir.var_
    if (part.column !== undefined && this.#dependences.of(ir.name(name, 'f32')).x) {
      const [row = 0] = part.rows
      const declared = declare(`${name}_copy${this.#copies++}`, this.number(value, row, part.column))
      this.#ofLanes.set(name, ir.ref(declared))
      return declared
    }
    if (!this.#dependences.of(ir.name(name, 'f32')).x || typeOf(value) === 'f32')
      return this.#instances(name, part).map(({ row, vector }) => {
        const isVector = this.#isVector(name, typeOf(value))
        const own = isVector ? this.vector(value, row, vector) : this.number(value, row, 0)
        return declare(this.#nameOf(name, row, vector), own)
      })
    // Integers and conditions of columns: one of the first column where they grow evenly, else one of each.
    const rows = this.#dependences.of(ir.name(name, 'f32')).y ? part.rows : part.rows.slice(0, 1)
    const even = kind === 'let' && this.#dependences.coefficient(ir.name(name, 'u32')) !== undefined
    const columns = even ? [0] : range(this.#vectors * lanes)
    return rows.flatMap((row) =>
      columns.map((column) => declare(this.#columnName(name, row, column), this.number(value, row, column))),
    )
  }

  #assignment(target: Target, value: Value, part: Part): Body {
    const { name, type } = target
    const lane = this.#ofLanes.get(name)
    if (part.column !== undefined && lane?.kind === 'name') {
      const [row = 0] = part.rows
      return ir.assign(lane, this.number(value, row, part.column))
    }
    const shared = this.#isVector(name, type) ? this.#loadOnce(value, part) : []
    const assigned = this.#instances(name, part).map(({ row, vector }) => {
      const isVector = this.#isVector(name, type)
      const own = isVector ? this.#sum(value, row, vector) : this.number(value, row, 0)
      return ir.assign(
        { kind: 'name', type: isVector ? 'vec4f' : type, name: this.#nameOf(name, row, vector) },
        own,
      )
    })
    this.#shared.clear()
    return [shared, assigned]
  }

  /** Names what is loaded for columns and is the same for all rows. */
  #loadOnce(value: Value, { rows }: Part): Body[] {
    if (rows.length < 2) return []
    const { x, y } = this.#dependences.of(value)
    if (!x) return []
    if (y && value.kind !== 'load') return children(value).flatMap((child) => this.#loadOnce(child, { rows }))
    if (y || value.kind !== 'load' || value.type !== 'f32' || this.#shared.has(value)) return []
    const names = range(this.#vectors).map((vector) =>
      ir.let_(`shared${this.#copies++}`, this.vector(value, 0, vector)),
    )
    this.#shared.set(
      value,
      names.map((one) => ir.ref(one)),
    )
    return names
  }

  /** A sum with one more product in one step, where four numbers are moved at once, which is where it is one. */
  #sum(value: Value, row: number, vector: number): Value {
    const of = (child: Value): Value => this.vector(child, row, vector)
    if (!this.#moved || value.kind !== 'binary' || value.operator !== '+') return of(value)
    const { left, right } = value
    if (left.kind !== 'name' || right.kind !== 'binary' || right.operator !== '*') return of(value)
    return ir.fma(of(right.left), of(right.right), of(left))
  }

  #branch(statement: Conditional, part: Part): Body {
    const { condition, then, otherwise = [] } = statement
    const { x, y } = this.#dependences.of(condition)
    const write = (body: readonly Statement[], of: Part): Body => body.map((one) => this.#statement(one, of))
    const plain = (row: number, of: Part): Body => {
      const when = this.number(condition, row, of.column ?? 0)
      return ir.if_(when, write(then, of), otherwise.length === 0 ? undefined : write(otherwise, of))
    }
    const [first = 0] = part.rows
    if (part.column !== undefined || (!x && (!y || part.rows.length === 1))) return plain(first, part)
    const columns = x ? range(this.#vectors * lanes) : [0]
    const conditions = part.rows.flatMap((row) =>
      columns.map((column) => this.number(condition, row, column)),
    )
    const [one = ir.bool(true), ...others] = conditions
    const apart = x
      ? part.rows.map((row) => columns.map((column) => this.#alone(statement, row, column)))
      : part.rows.map((row) => plain(row, { rows: [row] }))
    return ir.if_(ir.and(one, ...others), write(then, part), apart)
  }

  /** The branch for one cell: what it assigns is taken out of the vectors before, and put back behind it. */
  #alone(statement: Conditional, row: number, column: number): Body {
    const vector = Math.floor(column / lanes)
    const inside = [...statement.then, ...(statement.otherwise ?? [])]
    const declared = new Set(declaredNames(inside))
    const copies = [...new Set(assignedIn(inside))]
      .filter((name) => !declared.has(name) && this.#dependences.of(ir.name(name, 'f32')).x)
      .map((name) => {
        const own: Target = { kind: 'name', type: 'vec4f', name: this.#nameOf(name, row, vector) }
        const copy = ir.var_(`${name}_copy${this.#copies++}`, ir.lane(own, (column % lanes) as Lane))
        return { name, own, copy }
      })
    for (const { name, copy } of copies) this.#ofLanes.set(name, ir.ref(copy))
    const body = this.#branch(statement, { rows: [row], column })
    this.#ofLanes.clear()
    const back = copies.map(({ own, copy }) => {
      const at = (lane: number): Value =>
        lane === column % lanes ? ir.ref(copy) : ir.lane(own, lane as Lane)
      return ir.assign(own, ir.vec4(at(0), at(1), at(2), at(3)))
    })
    return [copies.map(({ copy }) => copy), body, back]
  }

  #isVector(name: string, type: string): boolean {
    return type === 'f32' && this.#dependences.of(ir.name(name, 'f32')).x
  }

  #nameOf(name: string, row: number, vector: number): string {
    const { x, y } = this.#dependences.of(ir.name(name, 'f32'))
    return `${name}${y ? `_r${row}` : ''}${x ? `_v${vector}` : ''}`
  }

  #columnName(name: string, row: number, column: number): string {
    return `${name}${this.#dependences.of(ir.name(name, 'f32')).y ? `_r${row}` : ''}_c${column}`
  }

  /** The value in one cell. */
  number(value: Value, row: number, column: number): Value {
    if (value.kind === 'name') return this.#nameIn(value, row, column)
    if (!this.#dependences.of(value).y && value.kind === 'binary' && value.operator === '/') row = 0
    return rebuilt(value, (child) => this.number(child, row, column))
  }

  #nameIn(value: Extract<Value, { kind: 'name' }>, row: number, column: number): Value {
    const { name, type } = value
    if (name === 'x') return ir.add(value, column)
    if (name === 'y') return this.row(row)
    const { x } = this.#dependences.of(value)
    if (!x) return { ...value, name: this.#nameOf(name, row, 0) }
    const alone = this.#ofLanes.get(name)
    if (alone !== undefined) return alone
    if (type === 'f32') {
      const vector = ir.name(this.#nameOf(name, row, Math.floor(column / lanes)), 'vec4f')
      return ir.lane(vector, (column % lanes) as Lane)
    }
    const coefficient = this.#dependences.coefficient(value)
    if (type !== 'u32' || coefficient === undefined)
      return { ...value, name: this.#columnName(name, row, column) }
    return ir.add({ ...value, name: this.#columnName(name, row, 0) }, coefficient * column)
  }

  /** The f32 values in four columns of a row. */
  vector(value: Value, row: number, vector: number): Value {
    const known = this.#shared.get(value)?.[vector]
    if (known !== undefined) return known
    if (!this.#dependences.of(value).x) return ir.splat(this.number(value, row, 0))
    return this.#lanewise(value, row, vector) ?? this.#laneByLane(value, row, vector)
  }

  /** As an operation on vectors, if there is one. */
  #lanewise(value: Value, row: number, vector: number): Value | undefined {
    const of = (child: Value): Value => this.vector(child, row, vector)
    if (value.kind === 'name') return ir.name(this.#nameOf(value.name, row, vector), 'vec4f')
    if (value.kind === 'unary') return ir.neg(of(value.operand))
    if (value.kind === 'load') {
      if (!this.#moved) return undefined
      const binding = this.#bindings.get(value.buffer)
      if (binding?.element !== 'f32' || this.#dependences.coefficient(value.index) !== 1) return undefined
      return ir.loadFour(binding, this.number(value.index, row, vector * lanes))
    }
    if (value.kind === 'binary' && value.operator !== '%')
      return { ...value, left: of(value.left), right: of(value.right) }
    if (value.kind === 'select') {
      // Not by a product, because what is not chosen may be infinite or no number.
      const when = this.#mask(value.condition, row, vector)
      return ir.call('atMost', ir.splat(1), when, of(value.yes), of(value.no))
    }
    if (value.kind !== 'call') return undefined
    const { intrinsic, args } = value
    if (!isIntrinsic(intrinsic) || intrinsic === 'power' || !isLanewise(intrinsic)) return undefined
    return ir.call(intrinsic, ...args.map(of))
  }

  #laneByLane(value: Value, row: number, vector: number): Value {
    const lane = (at: number): Value => this.number(value, row, vector * lanes + at)
    return ir.vec4(lane(0), lane(1), lane(2), lane(3))
  }

  /** 1 in the columns where a condition holds, else 0. */
  #mask(condition: Value, row: number, vector: number): Value {
    const one = ir.splat(1)
    const of = (child: Value): Value => this.#mask(child, row, vector)
    if (condition.kind === 'binary' && this.#dependences.of(condition).x) {
      const { operator, left, right } = condition
      if (operator === '&&') return ir.mul(of(left), of(right))
      if (typeOf(left) === 'f32') {
        const above = (a: Value, b: Value): Value =>
          ir.call('step', ir.sub(this.vector(a, row, vector), this.vector(b, row, vector)))
        if (operator === '>') return above(left, right)
        if (operator === '<') return above(right, left)
        if (operator === '>=') return ir.sub(one, above(right, left))
        if (operator === '<=') return ir.sub(one, above(left, right))
      }
    }
    const lane = (at: number): Value =>
      ir.select(this.number(condition, row, vector * lanes + at), ir.f32(1), ir.f32(0))
    return ir.vec4(lane(0), lane(1), lane(2), lane(3))
  }
}

const isLanewise = (name: keyof typeof intrinsics): boolean =>
  intrinsics[name].takes.some((type) => type === 'vec4f')

/** The value with other children, folded as one that is built. */
function rebuilt(value: Value, map: (child: Value) => Value): Value {
  if (value.kind !== 'binary') return mapChildren(value, map)
  const [left, right] = [map(value.left), map(value.right)]
  if (value.operator === '+') return ir.add(left, right)
  return { ...value, left, right }
}

function assignedIn(body: readonly Statement[]): string[] {
  return body.flatMap((one) => {
    if (one.kind === 'assign') return [one.target.name]
    if (one.kind === 'for') return assignedIn(one.body)
    return one.kind === 'if' ? assignedIn([...one.then, ...(one.otherwise ?? [])]) : []
  })
}
