/** Formulas of elementary functions as functions of WebAssembly. */

import { invariant } from '../../../diagnostics/invariant.ts'
import type { Formula, Part } from './formula.ts'
import { conversions, floatFunctions, instruction, isVector, machineType } from './instructions.ts'
import type { Kind } from './instructions.ts'
import type { Node } from './text.ts'

/** A function of WAT, and the functions that it calls by name. */
export interface Translated {
  readonly func: Node
  readonly calls: readonly string[]
}

/**
 * The formula as a function of its name.
 *
 * @param known formulas that it may call
 */
export function translate(formula: Formula, known: ReadonlyMap<string, Formula>): Translated {
  const translation = new Translation(formula, known)
  return { func: translation.func(), calls: [...translation.calls] }
}

class Translation {
  readonly calls = new Set<string>()
  readonly #formula: Formula
  readonly #known: ReadonlyMap<string, Formula>
  readonly #kinds = new Map<string, Kind>()

  constructor(formula: Formula, known: ReadonlyMap<string, Formula>) {
    this.#formula = formula
    this.#known = known
  }

  func(): Node {
    const { name, parameters, result, lets, value } = this.#formula
    for (const { name, type } of parameters) this.#kinds.set(name, type as Kind)
    const body = lets.map(({ name, value }): Node => {
      const kind = this.#kindOf(value)
      invariant(kind !== undefined, `${name} is more than a number`)
      const node = this.#print(value, kind)
      this.#kinds.set(name, kind)
      return ['local.set', `$${name}`, node]
    })
    const last = this.#print(value, result as Kind)
    return [
      'func',
      `$${name}`,
      ...parameters.map(({ name, type }): Node => ['param', `$${name}`, machineType(type as Kind)]),
      ['result', machineType(result as Kind)],
      ...lets.map(({ name }): Node => ['local', `$${name}`, machineType(this.#kinds.get(name) ?? 'f32')]),
      ...body,
      last,
    ]
  }

  /** Undefined for numbers, which take the kind of what they meet. */
  #kindOf(part: Part): Kind | undefined {
    switch (part.kind) {
      case 'number':
        return undefined
      case 'name': {
        const kind = this.#kinds.get(part.name)
        invariant(kind !== undefined, `${part.name} is declared in ${this.#formula.name}`)
        return kind
      }
      case 'unary':
        return this.#kindOf(part.operand)
      case 'binary': {
        const kind = this.#meet(part.left, part.right)
        if (!['==', '!=', '<', '<=', '>', '>='].includes(part.operator)) return kind
        return kind !== undefined && isVector(kind) ? 'mask' : 'bool'
      }
      case 'call': {
        const formula = this.#known.get(part.callee)
        if (formula !== undefined) return formula.result as Kind
        const type = /^(?:bitcast<)?([fiu]32|vec4[fiu])>?$/.exec(part.callee)?.[1]
        return (
          (type as Kind | undefined) ?? this.#meet(...part.args.slice(0, part.callee === 'select' ? 2 : 3))
        )
      }
    }
  }

  /** The widest kind among the parts. */
  #meet(...parts: readonly Part[]): Kind | undefined {
    const kinds = parts.flatMap((part) => this.#kindOf(part) ?? [])
    return kinds.find(isVector) ?? kinds[0]
  }

  /** The part as a value of the kind, a number or a scalar in all its lanes. */
  #print(part: Part, wanted: Kind): Node {
    const own = this.#kindOf(part)
    if (own !== undefined && own !== wanted) {
      const conversion = conversions[`${wanted} of ${own}`]
      invariant(
        conversion?.endsWith('splat') === true,
        `${wanted} is given as ${own} in ${this.#formula.name}`,
      )
      return [conversion, this.#print(part, own)]
    }
    switch (part.kind) {
      case 'number':
        return constant(part.text, wanted)
      case 'name':
        return ['local.get', `$${part.name}`]
      case 'unary':
        return negative(this.#print(part.operand, wanted), wanted)
      case 'binary':
        return this.#binary(part, wanted)
      case 'call':
        return this.#call(part, wanted)
    }
  }

  #binary({ operator, left, right }: Extract<Part, { kind: 'binary' }>, wanted: Kind): Node {
    const kind = this.#meet(left, right) ?? wanted
    // The relaxed variant has one instruction for both.
    if (operator === '+' && kind === 'vec4f' && right.kind === 'binary' && right.operator === '*')
      return ['f32x4.relaxed_madd', ...[right.left, right.right, left].map((part) => this.#print(part, kind))]
    const shifts = operator === '<<' || operator === '>>'
    if (operator === '*' && right.kind === 'number' && isWhole(kind)) {
      const bits = Math.log2(Number(right.text))
      if (Number.isInteger(bits))
        return [
          `${isVector(kind) ? 'i32x4' : 'i32'}.shl`,
          this.#print(left, kind),
          constant(String(bits), 'i32'),
        ]
    }
    const spelt = instruction(operator as Parameters<typeof instruction>[0], kind)
    invariant(spelt !== undefined, `${kind} has ${operator} in ${this.#formula.name}`)
    const [a, b] = [this.#print(left, kind), shifts ? shift(right) : this.#print(right, kind)]
    return isDivision(operator) && isWhole(kind) ? [spelt, a, divisor(right, b)] : [spelt, a, b]
  }

  #call(call: Extract<Part, { kind: 'call' }>, wanted: Kind): Node {
    const { callee, args } = call
    const [first, second, third] = args
    invariant(first !== undefined, `${callee} has an argument`)
    const formula = this.#known.get(callee) ?? this.#known.get(`${callee}_${wanted}`)
    if (formula !== undefined) {
      const { name, parameters } = formula
      this.calls.add(name)
      const printed = parameters.map(({ type }, index) => this.#print(args[index] ?? first, type as Kind))
      return ['call', `$${name}`, ...printed]
    }
    if (callee.startsWith('bitcast')) {
      const from = this.#kindOf(first) ?? wanted
      return bitcast(this.#print(first, from), from, wanted)
    }
    if (callee === wanted) return this.#converted(first, wanted)
    if (callee === 'select' && second !== undefined && third !== undefined) {
      const masked = this.#kindOf(third) === 'mask'
      return [
        masked ? 'v128.bitselect' : 'select',
        this.#print(second, wanted),
        this.#print(first, wanted),
        this.#print(third, masked ? 'mask' : 'bool'),
      ]
    }
    if (callee === 'clamp' && second !== undefined && third !== undefined) {
      const above: Part = { kind: 'call', callee: 'max', args: [second, first] }
      return this.#call({ kind: 'call', callee: 'min', args: [third, above] }, wanted)
    }
    const own = floatFunctions[callee as keyof typeof floatFunctions] as
      (typeof floatFunctions)['abs'] | undefined
    invariant(own !== undefined, `${callee} is a function of formulas`)
    return [isVector(wanted) ? own.vector : own.scalar, ...args.map((part) => this.#print(part, wanted))]
  }

  #converted(part: Part, to: Kind): Node {
    const from = this.#kindOf(part)
    if (from === undefined) return constant(part.kind === 'number' ? part.text : '', to)
    const conversion = conversions[`${to} of ${from}`]
    const value = this.#print(part, from)
    return conversion === undefined ? value : [conversion, value]
  }
}

function negative(value: Node, kind: Kind): Node {
  if (isVector(kind)) return [kind === 'vec4f' ? 'f32x4.neg' : 'i32x4.neg', value]
  return kind === 'f32' ? ['f32.neg', value] : ['i32.sub', constant('0', kind), value]
}

const isDivision = (operator: string): boolean => operator === '/' || operator === '%'

/** Integers divide by 1 in the place of 0, as those of WGSL do: an instruction that divides by 0 ends the call. So does -2³¹ / -1, which integers of masks do not come to. */
function divisor(part: Part, printed: Node): Node {
  if (part.kind === 'number') return printed
  invariant(part.kind === 'name', 'a formula divides integers by a number or a name')
  return ['select', printed, ['i32.const', '1'], printed]
}

const isWhole = (kind: Kind): boolean => kind !== 'f32' && kind !== 'vec4f'

function bitcast(value: Node, from: Kind, to: Kind): Node {
  if (machineType(to) === machineType(from)) return value
  return [to === 'f32' ? 'f32.reinterpret_i32' : 'i32.reinterpret_f32', value]
}

/** By how many bits, from `23u` or `vec4u(23u)`. */
function shift(part: Part): Node {
  const [number] = part.kind === 'call' ? part.args : [part]
  invariant(number?.kind === 'number', 'a formula shifts by a constant')
  return constant(number.text, 'i32')
}

function constant(text: string, kind: Kind): Node {
  const digits = text.replace(/[iu]$/, '')
  if (kind === 'f32') return ['f32.const', digits]
  if (!isVector(kind)) return ['i32.const', digits]
  return ['v128.const', kind === 'vec4f' ? 'f32x4' : 'i32x4', ...Array.from({ length: 4 }, () => digits)]
}
