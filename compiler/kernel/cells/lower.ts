/**
 * From an equation to the kernel of one of its cells: a loop for each loop of the
 * formula, a branch for each choice, and each name once, outside of the loops that
 * it does not depend on.
 */
import { invariant } from '../../diagnostics/invariant.ts'
import { freeIndexes, Identities } from '../../schedule/equation/traverse.ts'
import type { EquationPass, Formula, IndexFormula, Loop, Terms } from '../../schedule/schedule.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import * as ir from '../build.ts'
import type { Body } from '../build.ts'
import { cell } from '../cell.ts'
import type { CellKernel } from '../cell.ts'
import { lowest } from '../kernel.ts'
import type { Binding, Value } from '../kernel.ts'
import type { Size } from '../../../runtime/contract/size.ts'
import { packed } from '../packed.ts'
import { shareWithResult } from '../share.ts'
import type { Text } from '../share.ts'
import { typeOf } from '../types.ts'
import { sizeValue, toBinding } from '../lower/frame.ts'
import { conditionValue } from '../lower/mask.ts'
import { evaluate, loopIndexes } from './entries.ts'
import { Names } from './names.ts'
import { applyFormula } from './operators.ts'

/** One kernel for each pass; undefined if any pass is not an equation, because only equations have cells. */
export function cellKernels(schedule: Schedule): CellKernel[] | undefined {
  const kernels = schedule.passes.flatMap((pass) =>
    pass.kind === 'equation' ? [lowerEquation(schedule, pass)] : [],
  )
  return kernels.length === schedule.passes.length ? kernels : undefined
}

/** Functions of gpu.js hold no conditions; a remainder is spelt with its quotient, so that both parts stand again. */
const textOfCells: Text = {
  copies: (value) =>
    (value.kind === 'call' && (value.intrinsic === 'floorModulo' || value.intrinsic === 'floorDivide')) ||
    (value.kind === 'binary' && (value.operator === '/' || value.operator === '%')),
  short: 64,
  holds: (value) => typeOf(value) !== 'bool',
}

/** The kernel of one cell of the equation's box. */
export function lowerEquation(schedule: Schedule, pass: EquationPass): CellKernel {
  const plans = new Map(schedule.buffers.map((plan) => [plan.name, plan]))
  const inputs = new Map(
    pass.buffers
      .slice(0, -1)
      .map((name) => [name, { ...toBinding(plans.get(name), name), access: 'read' } as const]),
  )
  const lowering = new Lowering(
    [...inputs.keys(), pass.out],
    (name) => {
      // A buffer that cells scatter into may be read, too.
      const binding = name === pass.out ? toBinding(plans.get(name), name) : inputs.get(name)
      invariant(binding !== undefined, `the pass ${pass.name} reads the buffer ${name}`)
      return binding
    },
    schedule.strided,
  )
  const value = lowering.value(pass.value)
  const place = pass.place && lowering.value(pass.place)
  const [width, height, depth] = pass.extent
  const { statements, result } = shareWithResult(ir.block(lowering.body), value, textOfCells)
  return {
    name: pass.name,
    summary: `${pass.what}.`.replace(/^[a-z]/, (letter) => letter.toUpperCase()),
    inputs: [...inputs.values()],
    extent: [sizeValue(width), sizeValue(height), sizeValue(depth)],
    body: statements,
    result,
    ...(place === undefined ? {} : { place }),
  }
}

/** Code that runs under the same loops and conditions. */
interface Scope {
  /** The loop whose body this is; a branch, or the whole cell, has none. */
  readonly index?: IndexFormula
  readonly statements: Body[]
  /** Values that are at hand here: of names, loops, choices and terms. */
  readonly known: Map<string, readonly Value[]>
}

class Lowering {
  readonly #binding: (name: string) => Binding
  readonly #sizeOf: (size: Size) => Value
  readonly #identities = new Identities()
  readonly #names = new Names()
  readonly #indexes = new Map<IndexFormula, Value>()
  #scopes: readonly Scope[] = [{ statements: [], known: new Map() }]

  /** @param taken names that stand for something else already */
  constructor(taken: readonly string[], binding: (name: string) => Binding, strided: true | undefined) {
    this.#binding = binding
    this.#sizeOf = strided ? sizeValue : (size) => packed.value(sizeValue(size))
    for (const name of [...taken, ...Object.keys(cell), ...loopIndexes]) this.#names.fresh(name)
  }

  get body(): Body {
    return this.#scopes[0]?.statements ?? []
  }

  value(formula: Formula): Value {
    switch (formula.kind) {
      case 'number':
        return formula.type === 'f32' ? ir.f32(formula.value) : ir.u32(formula.value)
      case 'index':
        return this.#index(formula)
      case 'size':
        return this.#sizeOf(formula.size)
      case 'bufferLength':
        return ir.bufferLength(this.#binding(formula.buffer))
      case 'load':
        return ir.load(this.#binding(formula.buffer), this.value(formula.index))
      case 'apply':
        // What is multiplied by nothing gets no names.
        if (formula.operator === '*' && formula.operands.some((operand) => this.#isNothing(operand)))
          return ir.u32(0)
        return applyFormula(
          formula.operator,
          formula.operands.map((operand) => this.value(operand)),
        )
      case 'convert':
        return ir.convert(formula.type, this.value(formula.value))
      case 'named':
        return this.#once(formula, () => [this.#name(formula.name, this.value(formula.value))])
      case 'choose':
        return this.#once(formula, () => [this.#choose(formula)])
      case 'accumulated':
        return this.#once({ ...formula, which: 0 }, () => this.#loop(formula.loop), formula.which)
      case 'term':
        return this.#once({ ...formula, which: 0 }, () => this.#terms(formula.terms), formula.which)
      case 'condition':
        return conditionValue(formula.condition, (name) => {
          const value = formula.names[name]
          invariant(value !== undefined, `the condition's ${name} is at hand`)
          return ir.convert('i32', this.value(value))
        })
    }
  }

  #isNothing(formula: Formula): boolean {
    if (formula.kind !== 'size') return false
    const value = this.#sizeOf(formula.size)
    return value.kind === 'number' && value.value === 0
  }

  #index(formula: IndexFormula): Value {
    const index =
      this.#indexes.get(formula) ??
      Object.entries(cell).find(([coordinate]) => coordinate === formula.name)?.[1]
    invariant(index !== undefined, `the index ${formula.name} is that of an enclosing loop`)
    return index
  }

  get #here(): Scope {
    const scope = this.#scopes.at(-1)
    invariant(scope !== undefined, 'code is in a scope')
    return scope
  }

  #record(...statements: readonly Body[]): void {
    this.#here.statements.push(...statements)
  }

  #name(word: string, value: Value): Value {
    const statement = ir.let_(this.#names.fresh(word), value)
    this.#record(statement)
    return ir.ref(statement)
  }

  /** Values that are computed once, outside of the loops on whose indexes they do not depend. */
  #once(formula: Formula, compute: () => readonly Value[], which = 0): Value {
    const key = this.#identities.of(formula)
    const known = this.#scopes.findLast((scope) => scope.known.has(key))?.known.get(key)
    const values = known ?? this.#outside(formula, key, compute)
    const value = values[which]
    invariant(value !== undefined, 'a formula has a value')
    return value
  }

  #outside(formula: Formula, key: string, compute: () => readonly Value[]): readonly Value[] {
    const free = freeIndexes(formula)
    const all = this.#scopes
    // A branch guards loads of numbers, but none of what indexes are made of.
    const passes = ({ index }: Scope): boolean =>
      index === undefined ? formula.type === 'u32' : !free.has(index)
    const depth = all.findLastIndex((scope, at) => at === 0 || !passes(scope)) + 1
    this.#scopes = all.slice(0, depth)
    const values = compute()
    this.#here.known.set(key, values)
    this.#scopes = all
    return values
  }

  /** The statements that `write` records, in a scope of their own. */
  #inside(index: IndexFormula | undefined, write: () => void): Body {
    const around = this.#scopes
    const scope: Scope = {
      ...(index === undefined ? {} : { index }),
      statements: [],
      known: new Map(),
    }
    this.#scopes = [...around, scope]
    write()
    this.#scopes = around
    return scope.statements
  }

  #loop({ index, count, where, terms }: Loop): readonly Value[] {
    const totals = terms.map(({ name, operator }) =>
      ir.var_(this.#names.fresh(name), ir.f32(operator === 'sum' ? 0 : lowest)),
    )
    const until = this.value(count)
    const accumulate = (): void => {
      for (const [place, { operator, value }] of terms.entries()) {
        const total = totals[place]
        invariant(total !== undefined, 'each term has a variable')
        const one = this.value(value)
        this.#record(
          ir.assign(
            ir.ref(total),
            operator === 'sum' ? ir.add(ir.ref(total), one) : ir.call('max', ir.ref(total), one),
          ),
        )
      }
    }
    const body = (at: Value): Body => {
      this.#indexes.set(index, at)
      return this.#inside(index, () => {
        if (where === undefined) accumulate()
        else this.#record(ir.if_(this.value(where), this.#inside(index, accumulate)))
      })
    }
    const loop = ir.for_(this.#names.fresh(index.name), 0, until, 1, body)
    this.#record(totals, loop)
    return totals.map((total) => ir.ref(total))
  }

  #choose({ condition, yes, no }: Extract<Formula, { kind: 'choose' }>): Value {
    const chosen = ir.var_(this.#names.fresh('value'), ir.f32(no.kind === 'number' ? no.value : 0))
    const when = this.value(condition)
    const branch = (of: Formula): Body =>
      this.#inside(undefined, () => {
        const value = this.value(of)
        this.#record(ir.assign(ir.ref(chosen), value))
      })
    const then = branch(yes)
    this.#record(chosen, no.kind === 'number' ? ir.if_(when, then) : ir.if_(when, then, branch(no)))
    return ir.ref(chosen)
  }

  #terms({ expressions, rows, scalars, indexes = {} }: Terms): readonly Value[] {
    const starts = Object.entries(rows).map(([name, { buffer, start }]) => {
      const [binding, first] = [this.#binding(buffer), this.value(start)]
      return [name, (index: Value): Value => ir.load(binding, ir.add(first, index))] as const
    })
    const valuesOf = (formulas: Readonly<Record<string, Formula>>): Record<string, Value> =>
      Object.fromEntries(Object.entries(formulas).map(([name, one]) => [name, this.value(one)]))
    const { statements, values } = evaluate(expressions, {
      names: this.#names,
      rows: Object.fromEntries(starts),
      scalars: valuesOf(scalars),
      indexes: valuesOf(indexes),
    })
    this.#record(statements)
    return values
  }
}
