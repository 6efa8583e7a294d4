/**
 * The action of rows on a state as kernels compute it: rows multiply sums by a factor, and lower exponents in base 2
 * and log-scales by as much as its logarithm says. Templates have rows act wherever rows pass; for the identity nothing
 * is emitted.
 */
import type { ActionOperand } from '../../schedule/schedule.ts'
import type { Author } from '../author.ts'
import * as ir from '../build.ts'
import type { Binding, Target, Value } from '../kernel.ts'

/** What some rows multiply sums by: one factor, or four in the lanes of a vec4f. */
export interface Factor {
  /** The factor itself; 1 where the rows do nothing. */
  readonly value: Value
  readonly shrink: (sum: Value) => Value
  /** Shrinks what a register holds. */
  readonly apply: (k: Author, target: Target) => void
  /** Runs `then` unless rows do nothing, whatever their number. */
  readonly act: (then: () => void) => void
  /** The same, computed here and once. */
  readonly named: (k: Author, name: string) => Factor
}

/** What some rows do, by the logarithm of their factor. */
export interface Elapsed extends Factor {
  /** An exponent after the rows. */
  readonly lower: (exponent: Value) => Value
  /** An exponent before them, of what is `exponent` after them. */
  readonly raise: (exponent: Value) => Value
  /** These rows, and others. */
  readonly and: (other: Elapsed) => Elapsed
  /** The same, with its logarithm computed here and once. */
  readonly measured: (k: Author) => Elapsed
  /** The same by its factor, computed here and once; `item` tells it from others. */
  readonly factor: (k: Author, item: number) => Factor
}

/** What rows of the workgroup's group do to its state. */
export interface StateAction {
  /** Whether they do nothing, so that a state stays as it is until a key comes. */
  readonly isIdentity: boolean
  /** Declares what the rest refers to, after the names of the group. */
  readonly declare: (k: Author) => void
  /** What one row does. */
  readonly row: Elapsed
  /** What so many rows do, an f32 or a vec4f of four numbers of rows. */
  readonly after: (rows: Value) => Elapsed
  /** What the rows behind each row do until row `last`, a u32, which is declared by its name. */
  readonly until: (k: Author, name: string, last: Value) => (row: Value) => Elapsed
}

/** @param group the number of the group, which is that of a query head where rows act */
export function stateAction(
  operand: ActionOperand,
  binding: (name: string) => Binding,
  group: Value,
): StateAction {
  if (operand.kind === 'identity') return identity
  const logarithm: Value = { kind: 'name', type: 'f32', name: 'logDecay' }
  const after = (rows: Value): Elapsed => byLogarithm(ir.mul(like(logarithm, rows), rows))
  return {
    isIdentity: false,
    declare: (k) => {
      k.let(logarithm.name, ir.load(binding(operand.logarithms), ir.mod(group, ir.shape('heads'))))
    },
    row: byLogarithm(logarithm),
    after,
    until(k, name, last) {
      const to = k.let(name, last)
      return (row) => after(ir.convert('f32', ir.sub(to, row)))
    },
  }
}

/** Rows that do nothing. */
export const unchanged: Elapsed = {
  value: ir.f32(1),
  shrink: (sum) => sum,
  apply: () => undefined,
  act: () => undefined,
  named: () => unchanged,
  lower: (exponent) => exponent,
  raise: (exponent) => exponent,
  and: (other) => other,
  measured: () => unchanged,
  factor: () => unchanged,
}

/** The action of passes whose operand has none. */
export const identity: StateAction = {
  isIdentity: true,
  declare: () => undefined,
  row: unchanged,
  after: () => unchanged,
  until: () => () => unchanged,
}

/** Rows that are known by their factor. */
export function byFactor(value: Value): Factor {
  const shrink = (sum: Value): Value => ir.mul(sum, like(value, sum))
  return {
    value,
    shrink,
    apply: (k, target) => k.set(target, shrink(target)),
    act: (then) => then(),
    named: (k, name) => byFactor(k.let(name, value)),
  }
}

function byLogarithm(logarithm: Value): Elapsed {
  const value = ir.call('exp2', logarithm)
  return {
    ...byFactor(value),
    lower: (exponent) => ir.add(exponent, like(logarithm, exponent)),
    raise: (exponent) => ir.sub(exponent, like(logarithm, exponent)),
    and: (other) => byLogarithm(other.lower(logarithm)),
    measured: (k) => byLogarithm(k.let('faded', logarithm)),
    factor: (k, item) => byFactor(k.let(`faded${item}`, value)),
  }
}

/** A value in as many lanes as another. */
const like = (value: Value, other: Value): Value =>
  ir.typeOf(other) === 'vec4f' && ir.typeOf(value) === 'f32' ? ir.splat(value) : value
