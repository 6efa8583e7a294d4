/**
 * Unrolling, as the IR defines it: each `for` marked so is repeated with
 * constants for its index, and each register becomes a variable of its own. What
 * is left has neither, and is what `verify.ts` judges, `interpret.ts` runs and
 * the printers of targets spell.
 *
 * A name declared in a repeated body is suffixed with the repetition (`key_0`,
 * `key_1`), as is a register with its index (`sum_0`).
 */

import { invariant } from '../diagnostics/invariant.ts'
import { u32 } from './build.ts'
import type { Kernel, Statement, Value } from './kernel.ts'
import { declaredNames, mapChildren } from './walk.ts'
import { simplify } from './simplify.ts'

/** What a name of the kernel stands for: another name, a constant, or registers by index. */
type Meaning = Value | readonly string[]
type Scope = ReadonlyMap<string, Meaning>

type For = Extract<Statement, { kind: 'for' }>

/**
 * Returns the kernel without `unroll` loops and without registers: loop bodies are repeated, and registers
 * are plain variables.
 */
export function unroll(kernel: Kernel): Kernel {
  return { ...kernel, body: new Unroller(kernel).block(kernel.body, new Map()) }
}

class Unroller {
  readonly #taken: Set<string>

  constructor(kernel: Kernel) {
    this.#taken = new Set([
      ...kernel.bindings.map(({ name }) => name),
      ...kernel.shared.map(({ name }) => name),
      ...declaredNames(kernel.body),
    ])
  }

  /** @param suffix of the names declared directly in a repeated body; empty elsewhere */
  block(statements: readonly Statement[], outer: Scope, suffix = ''): readonly Statement[] {
    const scope = new Map(outer)
    return statements.flatMap((statement) => this.#statement(statement, scope, suffix))
  }

  #statement(statement: Statement, scope: Map<string, Meaning>, suffix: string): readonly Statement[] {
    const value = (value: Value): Value => resolve(value, scope)
    switch (statement.kind) {
      case 'comment':
      case 'barrier':
        return [statement]
      case 'let':
      case 'var': {
        const initial = value(statement.value)
        return [{ ...statement, name: this.#declare(statement, scope, suffix), value: initial }]
      }
      case 'registers': {
        const names = Array.from({ length: statement.count }, (_, index) =>
          this.#fresh(`${statement.name}${suffix}_${index}`),
        )
        scope.set(statement.name, names)
        return names.map((name) => ({ kind: 'var', name, type: statement.type, value: initialOf(statement) }))
      }
      case 'assign': {
        const target = value(statement.target)
        invariant(target.kind === 'name', `${statement.target.name} is a variable, since it is assigned to`)
        return [{ ...statement, target, value: value(statement.value) }]
      }
      case 'store':
      case 'sharedStore':
        return [{ ...statement, index: value(statement.index), value: value(statement.value) }]
      case 'if': {
        const condition = value(statement.condition)
        const { then, otherwise = [] } = statement
        if (condition.kind === 'number' && condition.type === 'bool')
          return this.block(condition.value !== 0 ? then : otherwise, scope, `${suffix}_only`)
        return [
          {
            kind: 'if',
            condition,
            then: this.block(then, scope),
            ...(otherwise.length > 0 ? { otherwise: this.block(otherwise, scope) } : {}),
          },
        ]
      }
      case 'for':
        return statement.unroll ? this.#repeat(statement, scope, suffix) : [this.#loop(statement, scope)]
    }
  }

  #loop(loop: For, scope: Scope): Statement {
    const inner = new Map(scope)
    inner.delete(loop.index)
    return {
      ...loop,
      from: resolve(loop.from, scope),
      to: resolve(loop.to, scope),
      body: this.block(loop.body, inner),
    }
  }

  #repeat(loop: For, scope: Scope, suffix: string): readonly Statement[] {
    const from = resolve(loop.from, scope)
    const to = resolve(loop.to, scope)
    invariant(
      from.kind === 'number' && to.kind === 'number',
      `the bounds of the unrolled ${loop.index} are constant`,
    )
    const count = Math.max(0, Math.ceil((to.value - from.value) / loop.step))
    return Array.from({ length: count }, (_, repetition) => {
      const index = from.value + repetition * loop.step
      const body = repetition === 0 ? loop.body : loop.body.filter(({ kind }) => kind !== 'comment')
      return this.block(body, new Map(scope).set(loop.index, u32(index)), `${suffix}_${index}`)
    }).flat()
  }

  #declare(
    statement: Extract<Statement, { kind: 'let' | 'var' }>,
    scope: Map<string, Meaning>,
    suffix: string,
  ): string {
    const name = suffix === '' ? statement.name : this.#fresh(`${statement.name}${suffix}`)
    scope.set(statement.name, { kind: 'name', type: statement.type, name })
    return name
  }

  #fresh(wanted: string): string {
    let name = wanted
    for (let version = 2; this.#taken.has(name); version++) name = `${wanted}_v${version}`
    this.#taken.add(name)
    return name
  }
}

function initialOf({ type, initial }: Extract<Statement, { kind: 'registers' }>): Value {
  const value: Value = { kind: 'number', type: 'f32', value: Math.fround(initial) }
  return type === 'vec4f' ? { kind: 'splat', value } : value
}

function resolve(value: Value, scope: Scope): Value {
  if (value.kind === 'name') {
    const meaning = scope.get(value.name)
    invariant(
      meaning === undefined || 'kind' in meaning,
      `${value.name} is not used without an index, being registers`,
    )
    return meaning ?? value
  }
  if (value.kind === 'register') {
    const names = scope.get(value.name)
    invariant(
      names !== undefined && !('kind' in names),
      `${value.name} are registers, since they are indexed`,
    )
    const index = resolve(value.index, scope)
    invariant(
      index.kind === 'number',
      `the index of the registers ${value.name} is constant once loops are unrolled`,
    )
    const name = names[index.value]
    invariant(name !== undefined, `${index.value} is an index of the ${names.length} registers ${value.name}`)
    return { kind: 'name', type: value.type, name }
  }
  return simplify(mapChildren(value, (child) => resolve(child, scope)))
}
