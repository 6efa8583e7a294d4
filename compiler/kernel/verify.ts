/**
 * What a kernel promises to whoever prints or runs it. A failure is a defect of
 * the lowering, and is thrown; `BeyondSingle` and `BeyondScratch` alone say something of the user's file.
 */

import { invariant, InvariantError } from '../diagnostics/invariant.ts'
import { BeyondSingle, checkValue, isFour } from './check-value.ts'
import type { Declared, Names } from './check-value.ts'
import type { Binding, Kernel, SharedArray, Statement, Value, ValueType } from './kernel.ts'
import { BeyondScratch, limitsOf, sharedBytes } from './limits.ts'
import type { KernelLimits } from './limits.ts'
import { nonUniformBarriers } from './uniformity.ts'
import { children } from './walk.ts'

/** Checks the kernel, and returns it. */
export function verify(kernel: Kernel, limits: KernelLimits = limitsOf(kernel)): Kernel {
  try {
    checkLimits(kernel, limits)
    new Checker(kernel).check()
    for (const complaint of nonUniformBarriers(kernel)) throw new InvariantError(complaint)
    return kernel
  } catch (error) {
    if (error instanceof BeyondSingle || error instanceof BeyondScratch) throw error
    if (error instanceof InvariantError) throw new InvariantError(`kernel ${kernel.name}: ${error.message}`)
    throw error
  }
}

function checkLimits(kernel: Kernel, limits: KernelLimits): void {
  const bytes = sharedBytes(kernel)
  const { workgroupSize, bindings } = kernel
  invariant(Number.isInteger(workgroupSize) && workgroupSize > 0, `${workgroupSize} threads are a workgroup`)
  invariant(
    workgroupSize <= limits.workgroupSize,
    `a workgroup has at most ${limits.workgroupSize} threads, not ${workgroupSize}`,
  )
  if (bytes > limits.workgroupBytes) {
    const complaint = `shared memory is at most ${limits.workgroupBytes} bytes, not ${bytes}`
    throw limits.workgroupSize === 1 ? new BeyondScratch(complaint) : new InvariantError(complaint)
  }
  invariant(
    bindings.length <= limits.storageBuffers,
    `a kernel has at most ${limits.storageBuffers} buffers, not ${bindings.length}`,
  )
}

/** Types and scopes. A name is declared once on the way from the body to where it is seen. */
class Checker {
  readonly #kernel: Kernel
  readonly #buffers: ReadonlyMap<string, Binding>
  readonly #shared: ReadonlyMap<string, SharedArray>

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    this.#buffers = new Map(kernel.bindings.map((binding) => [binding.name, binding]))
    this.#shared = new Map(kernel.shared.map((array) => [array.name, array]))
  }

  check(): void {
    const { name, bindings, shared, count, body } = this.#kernel
    const globals = [name, ...bindings.map(({ name }) => name), ...shared.map(({ name }) => name)]
    for (const name of globals) checkIdentifier(name)
    invariant(
      new Set(globals).size === globals.length,
      `these names differ from each other: ${globals.join(', ')}`,
    )
    for (const { name, length } of shared)
      invariant(Number.isInteger(length) && length > 0, `${length} is a length of the shared array ${name}`)
    this.#expect(count, 'u32', 'the count of workgroups', new Map())
    invariant(isOfShape(count), 'the count of workgroups is built from constants and the shape')
    this.#block(body, new Map())
  }

  #block(statements: readonly Statement[], outer: Names['scope']): void {
    const scope = new Map(outer)
    for (const statement of statements) this.#statement(statement, scope)
  }

  #statement(statement: Statement, scope: Map<string, Declared>): void {
    switch (statement.kind) {
      case 'comment':
      case 'barrier':
        return
      case 'let':
      case 'var':
        this.#expect(statement.value, statement.type, statement.name, scope)
        this.#declare(statement.name, { type: statement.type, assignable: statement.kind === 'var' }, scope)
        return
      case 'assign':
        this.#expect(statement.target, statement.target.type, statement.target.name, scope)
        invariant(
          scope.get(statement.target.name)?.assignable === true,
          `${statement.target.name} is a variable, since it is assigned to`,
        )
        this.#expect(statement.value, statement.target.type, `what ${statement.target.name} becomes`, scope)
        return
      case 'store': {
        const buffer = this.#buffers.get(statement.buffer)
        invariant(buffer !== undefined, `the buffer ${statement.buffer} is bound`)
        invariant(
          buffer.access === 'read_write',
          `${buffer.name} is bound for writing, since it is stored to`,
        )
        this.#expect(statement.index, 'u32', `an index of ${buffer.name}`, scope)
        this.#expectStored(statement.value, buffer, scope)
        return
      }
      case 'sharedStore': {
        const array = this.#shared.get(statement.array)
        invariant(array !== undefined, `the shared array ${statement.array} is declared`)
        this.#expect(statement.index, 'u32', `an index of ${array.name}`, scope)
        this.#expectStored(statement.value, array, scope)
        return
      }
      case 'if':
        this.#expect(statement.condition, 'bool', 'a condition', scope)
        this.#block(statement.then, scope)
        this.#block(statement.otherwise ?? [], scope)
        return
      case 'for': {
        invariant(
          Number.isInteger(statement.step) && statement.step > 0,
          `the step of ${statement.index} is positive`,
        )
        this.#expect(statement.from, 'u32', `the start of ${statement.index}`, scope)
        this.#expect(statement.to, 'u32', `the end of ${statement.index}`, scope)
        const inner = new Map(scope)
        this.#declare(statement.index, { type: 'u32', assignable: false }, inner)
        this.#block(statement.body, inner)
      }
    }
  }

  #declare(name: string, declared: Declared, scope: Map<string, Declared>): void {
    checkIdentifier(name)
    const taken = scope.has(name) || this.#buffers.has(name) || this.#shared.has(name)
    invariant(!taken, `the name ${name} is declared once in its scope`)
    scope.set(name, declared)
  }

  #expect(value: Value, type: ValueType, what: string, scope: Names['scope']): void {
    const found = this.#typeOf(value, scope)
    invariant(found === type, `${what} is ${type}, not ${found}`)
  }

  #expectStored(value: Value, { name, element }: Binding | SharedArray, scope: Names['scope']): void {
    const found = this.#typeOf(value, scope)
    const fits = found === element || (this.#fours && isFour(element, found))
    invariant(fits, `what is stored in ${name} is ${element}, not ${found}`)
  }

  /** Of a value whose parts all fit. */
  #typeOf(value: Value, scope: Names['scope']): ValueType {
    return checkValue(value, { scope, buffers: this.#buffers, shared: this.#shared, fours: this.#fours })
  }

  get #fours(): boolean {
    return this.#kernel.workgroupSize === 1
  }
}

function checkIdentifier(name: string): void {
  invariant(/^[A-Za-z][A-Za-z0-9_]*$/.test(name) && !name.includes('__'), `${name} is an identifier`)
}

function isOfShape(value: Value): boolean {
  return (
    !['thread', 'workgroup', 'load', 'sharedLoad'].includes(value.kind) && children(value).every(isOfShape)
  )
}
