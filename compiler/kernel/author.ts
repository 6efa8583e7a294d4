/**
 * Writes a kernel by recording it: a declaration returns the reference to what it declares, and the order of
 * calls is the order of the code.
 *
 *     const body = record((k) => {
 *       const row = k.let('row', ir.add(first, ir.thread))
 *       const sum = k.var('sum', ir.f32(0))
 *       k.loop('t', 0, dim, (t) => k.add(sum, ir.load(q, ir.add(ir.mul(row, dim), t))))
 *       k.store(out, row, sum)
 *     })
 */

import * as ir from './build.ts'
import type { Body, Operand } from './build.ts'
import type { Binding, SharedArray, Statement, Target, Value } from './kernel.ts'

/** A `let`, a `var` or a loop index, as a value. */
export type Name = Extract<Value, { kind: 'name' }>

/** The statements that `write` records, in the order of its calls. */
export function record(write: (k: Author) => void): readonly Statement[] {
  const k = new Author()
  write(k)
  return k.recorded
}

/** Records statements; code inside of a loop or a condition is recorded by a function that is called at once. */
export class Author {
  #statements: Statement[] = []

  /** What has been recorded so far in the innermost block. */
  get recorded(): readonly Statement[] {
    return this.#statements
  }

  /** Takes over statements that are already made. */
  use(...statements: readonly Body[]): void {
    this.#statements.push(...ir.block(...statements))
  }

  /** Declares a name that keeps its value. */
  let(name: string, value: Value): Name {
    const declared = ir.let_(name, value)
    this.#statements.push(declared)
    return ir.ref(declared)
  }

  /** Declares a variable with an initial value. */
  var(name: string, value: Value): Name {
    const declared = ir.var_(name, value)
    this.#statements.push(declared)
    return ir.ref(declared)
  }

  /** Declares variables `name_0`, `name_1`, … that all start at `initial`, and returns them in order. */
  registers(name: string, type: 'f32' | 'vec4f', count: number, initial = 0): readonly Name[] {
    const value = type === 'f32' ? ir.f32(initial) : ir.splat(initial)
    return Array.from({ length: count }, (_, index) => this.var(`${name}_${index}`, value))
  }

  /** Assigns a value to a variable. */
  set(target: Target, value: Value): void {
    this.#statements.push(ir.assign(target, value))
  }

  /** target ← target + value. */
  add(target: Target, value: Value): void {
    this.set(target, ir.add(target, value))
  }

  /** target ← target · factor. */
  multiply(target: Target, factor: Value): void {
    this.set(target, ir.mul(target, factor))
  }

  /** Writes one element of a buffer. */
  store(buffer: Binding, index: Operand, value: Value): void {
    this.#statements.push(ir.store(buffer, index, value))
  }

  /** Writes one element of a shared array; other threads see it after the next barrier. */
  sharedStore(array: SharedArray, index: Operand, value: Value): void {
    this.#statements.push(ir.sharedStore(array, index, value))
  }

  /** Makes every thread of the workgroup wait for the others. */
  barrier(): void {
    this.#statements.push(ir.barrier)
  }

  /** A remark that the printed kernel keeps. */
  comment(text: string): void {
    this.#statements.push(ir.comment(text))
  }

  /** `index` runs from `from` while below `to`. */
  loop(index: string, from: Operand, to: Operand, body: (index: Value) => void): void {
    this.strided(index, from, to, 1, body)
  }

  /** `index` runs from `from` while below `to`, by `stride`. */
  strided(index: string, from: Operand, to: Operand, stride: number, body: (index: Value) => void): void {
    this.#statements.push(ir.for_(index, from, to, stride, (at) => this.#block(() => body(at))))
  }

  /** The same, and no compiler of shaders writes out its rounds, as it may do where their number is a constant. */
  rolled(index: string, from: Operand, to: Operand, stride: number, body: (index: Value) => void): void {
    this.#statements.push(ir.for_(index, from, to, stride, (at) => this.#block(() => body(at)), true))
  }

  /** Branches on a bool. */
  if(condition: Value, then: () => void, otherwise?: () => void): void {
    const branch = ir.if_(condition, this.#block(then), otherwise && this.#block(otherwise))
    this.#statements.push(branch)
  }

  /** A block of its own, whose names end with it, so that others may be called the same. */
  block(body: () => void): void {
    this.if(ir.bool(true), body)
  }

  /** Runs `then` under a condition, which a kernel does not ask if the compiler knows that it holds. */
  guard(condition: Value, then: () => void): void {
    if (condition.kind === 'number' && condition.value !== 0) then()
    else this.if(condition, then)
  }

  #block(write: () => void): readonly Statement[] {
    const outer = this.#statements
    this.#statements = []
    write()
    const inner = this.#statements
    this.#statements = outer
    return inner
  }
}
