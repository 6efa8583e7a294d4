/** Statements and values of a kernel of cells in the JavaScript that gpu.js compiles. */
import { invariant, InvariantError } from '../../../diagnostics/invariant.ts'
import type { Statement, Value } from '../../../kernel/kernel.ts'
import type { ShapeField } from '../../../../runtime/contract/shape.ts'
import { isStride } from '../../../../runtime/contract/size.ts'
import { floatText, isIntrinsic, needsParentheses, typeOf } from '../../../kernel/target.ts'
import type { CellKernel } from '../../../kernel/target.ts'
import type { CellInteger } from '../../../../runtime/program.ts'
import { gpujsOperators } from '../operators.ts'
import { boundOf } from './bounds.ts'
import type { Helper } from './helpers.ts'
import { divisorOf, group, indented } from './text.ts'

/** The coordinates of a cell, as gpu.js has them. */
const coordinates: Readonly<Record<string, string>> = {
  x: 'this.thread.x',
  y: 'this.thread.y',
  z: 'this.thread.z',
}

type Binary = Extract<Value, { kind: 'binary' }>

/** Prints the statements of one kernel, and collects the functions and integers that they use. */
export class Printer {
  readonly #integers = new Set<CellInteger>()
  readonly #helpers = new Map<string, Helper>()
  readonly #indexes = new Map<string, string>()
  readonly #taken = new Set<string>()
  /** Whether what is printed stands within an integer. */
  #withinInteger = false

  constructor({ inputs }: CellKernel) {
    for (const { name } of inputs) this.#taken.add(name)
  }

  /** What the function is given beside its buffers, in the order of first use. */
  get integers(): readonly CellInteger[] {
    return [...this.#integers]
  }

  /** The functions that it defines, each after those that it calls. */
  get helpers(): readonly string[] {
    return [...this.#helpers.values()].flatMap(({ source }) => source.split('\n'))
  }

  statements(statements: readonly Statement[]): string[] {
    return statements.flatMap((statement) => this.#statement(statement))
  }

  #statement(statement: Statement): string[] {
    switch (statement.kind) {
      case 'comment':
        return [`// ${statement.text}`]
      case 'let': {
        const { name, type, value } = statement
        if (type !== 'f32') return [`const ${name} = ${this.count(value)};`]
        return this.#declaration('const', name, this.#whole(value))
      }
      case 'var':
        return this.#declaration('let', statement.name, this.#whole(statement.value))
      case 'assign':
        return [this.#assignment(statement.target.name, statement.value)]
      case 'for':
        return this.#loop(statement)
      case 'if': {
        const { condition, then, otherwise = [] } = statement
        const [only] = otherwise
        const head = `if (${this.condition(condition)}) {`
        if (only === undefined) return [head, ...indented(this.statements(then)), '}']
        const body = [head, ...indented(this.statements(then))]
        if (otherwise.length > 1 || only.kind !== 'if')
          return [...body, '} else {', ...indented(this.statements(otherwise)), '}']
        const [next = '', ...rest] = this.#statement(only)
        return [...body, `} else ${next}`, ...rest]
      }
      default:
        throw new InvariantError(`a kernel of cells has no statement of the kind ${statement.kind}`)
    }
  }

  /** gpu.js does not find the type of what is declared as the result of one of the helpers: it is a float from the start. */
  #declaration(keyword: 'const' | 'let', name: string, value: string): string[] {
    const calls = [...this.#helpers.keys()].some((helper) => value.includes(`${helper}(`))
    return calls ? [`let ${name} = 0;`, `${name} = ${value};`] : [`${keyword} ${name} = ${value};`]
  }

  /** Of loops without constant bounds gpu.js declares the index outside: each has a name of its own. */
  #loop({ index, from, to, step, body }: Extract<Statement, { kind: 'for' }>): string[] {
    invariant(from.kind === 'number' && from.value === 0 && step === 1, 'cells count from 0 by 1')
    let name = index
    for (let other = 2; this.#taken.has(name); other++) name = `${index}${other}`
    this.#taken.add(name)
    this.#indexes.set(index, name)
    const head = `for (let ${name} = 0; ${name} < ${this.count(to)}; ${name}++) {`
    return [head, ...indented(this.statements(body)), '}']
  }

  #assignment(name: string, value: Value): string {
    const grows =
      value.kind === 'binary' &&
      value.operator === '+' &&
      value.left.kind === 'name' &&
      value.left.name === name
    return grows ? `${name} += ${this.#whole(value.right)};` : `${name} = ${this.#whole(value)};`
  }

  /** A float that stands alone. */
  #whole(value: Value): string {
    const text = this.real(value)
    return value.kind === 'select' ? text.slice(1, -1) : text
  }

  result(value: Value): string {
    return `return ${this.#whole(value)};`
  }

  /** A float. */
  real(value: Value): string {
    switch (value.kind) {
      case 'number':
        return floatText(value.value).replace(/\.0$/, '')
      case 'name':
        return value.name
      case 'load':
        return `${value.buffer}[${this.integer(value.index)}]`
      case 'unary':
        return `-${this.#inside(value.operand, 'prefix')}`
      case 'binary': {
        const { operator, right } = value
        // gpu.js would divide by an integer, where the quotient is rounded to one.
        if (operator === '/' && right.kind === 'number' && right.value < 0)
          return `-(${this.real({ ...value, right: { ...right, value: -right.value } })})`
        return this.#binary(value, (child) => this.real(child))
      }
      case 'select':
        return `(${this.condition(value.condition)} ? ${this.real(value.yes)} : ${this.real(value.no)})`
      case 'call':
        return this.#call(value)
      case 'convert':
        // What has a name is a float already. An integer would make integers of sums and products with others.
        return value.value.kind === 'name' && this.#isHeld(value.value.name)
          ? value.value.name
          : `Math.floor(${this.integer(value.value)})`
      default:
        throw new InvariantError(`a kernel of cells has no value of the kind ${value.kind}`)
    }
  }

  condition(value: Value): string {
    switch (value.kind) {
      case 'number':
        return value.value === 0 ? 'false' : 'true'
      case 'unary':
        return `!(${this.condition(value.operand)})`
      case 'binary': {
        if (value.operator === '&&' || value.operator === '||')
          return this.#binary(value, (child) => this.condition(child))
        const floats = typeOf(value.left) === 'f32'
        return this.#binary(value, (child) => (floats ? this.real(child) : this.count(child)))
      }
      default:
        throw new InvariantError(`a kernel of cells has no condition of the kind ${value.kind}`)
    }
  }

  /** An integer that may be held in a float: for names, comparisons and bounds. */
  count(value: Value): string {
    switch (value.kind) {
      case 'name':
        return coordinates[value.name] ?? this.#indexes.get(value.name) ?? value.name
      case 'load':
        return `${value.buffer}[${this.integer(value.index)}]`
      case 'call':
        return this.#countCall(value)
      case 'convert':
        return typeOf(value.value) === 'f32' ? this.#rounded(value.value) : this.count(value.value)
      case 'binary':
        return this.#arithmetic(value, (child) => this.count(child), 'Math.floor')
      default:
        return this.integer(value)
    }
  }

  /** An integer that gpu.js takes for one. */
  integer(value: Value): string {
    switch (value.kind) {
      case 'number':
        return String(value.value)
      case 'name':
        return coordinates[value.name] ?? this.#indexes.get(value.name) ?? `~~${value.name}`
      case 'shape':
        invariant(!isStride(value.field), 'tensors of cells are packed')
        return this.#given(value.field)
      case 'bufferLength':
        return this.#given(`${value.buffer}.length`)
      case 'load':
        return `~~${this.count(value)}`
      case 'call':
        return this.#within(() => `~~${this.count(value)}`)
      case 'unary':
        return `-${group(this.integer(value.operand))}`
      case 'convert':
        // Without the sum gpu.js would make integers of the numbers within.
        return typeOf(value.value) === 'f32'
          ? this.#within(() => `~~(0.0 + ${this.#rounded(value.value)})`)
          : this.integer(value.value)
      case 'binary':
        return this.#arithmetic(value, (child) => this.integer(child), '~~')
      default:
        throw new InvariantError(`a kernel of cells has no integer of the kind ${value.kind}`)
    }
  }

  #within(print: () => string): string {
    const before = this.#withinInteger
    this.#withinInteger = true
    const text = print()
    this.#withinInteger = before
    return text
  }

  /** A bound by a number within an integer; undefined for other calls. */
  #bound(intrinsic: string, args: readonly Value[], print: (value: Value) => string): string | undefined {
    const bound = this.#withinInteger ? boundOf(intrinsic, args) : undefined
    if (bound === undefined) return undefined
    this.#require(bound.helper)
    return `${bound.helper.name}(${print(bound.value)})`
  }

  /** A float that is an integer, where it is made or by its name. */
  #rounded(value: Value): string {
    const isRounded = value.kind === 'name' || (value.kind === 'call' && value.intrinsic === 'floor')
    invariant(isRounded, 'a float is rounded before it is counted')
    return this.real(value)
  }

  /** Whether the name is that of a `const`, and not a coordinate or an index. */
  #isHeld(name: string): boolean {
    return !(name in coordinates) && !this.#indexes.has(name)
  }

  #given(integer: ShapeField | `${string}.length`): string {
    this.#integers.add(integer)
    return integer.replace('.length', 'Length')
  }

  /**
   * Half a step keeps a whole quotient from being rounded below itself, up to a dividend of 2²¹.
   *
   * @param down what rounds a quotient that is not negative down
   */
  #arithmetic({ operator, left, right }: Binary, print: (value: Value) => string, down: string): string {
    const [a, b] = [print(left), print(right)]
    switch (operator) {
      case '/':
        return `${down}((${this.count(left)} + 0.5) / ${divisorOf(b)})`
      case '%':
        return `(${a} - ${down}((${this.count(left)} + 0.5) / ${divisorOf(b)}) * ${group(b)})`
      case '+':
        return `${a} + ${b}`
      case '-':
        return `${a} - ${group(b)}`
      case '*':
        return `${group(a)} * ${group(b)}`
      default:
        throw new InvariantError(`${operator} gives no integer`)
    }
  }

  #countCall({ intrinsic, args }: Extract<Value, { kind: 'call' }>): string {
    const [first, second] = args
    invariant(first !== undefined, `${intrinsic} has an argument`)
    switch (intrinsic) {
      case 'min':
      case 'max':
      case 'abs':
        return (
          this.#bound(intrinsic, args, (argument) => this.count(argument)) ??
          `Math.${intrinsic}(${args.map((argument) => this.count(argument)).join(', ')})`
        )
      case 'floorDivide':
        return this.#floorDivide(first, second)
      case 'floorModulo': {
        invariant(second !== undefined, 'a modulus has a divisor')
        return `(${this.integer(first)} - ~~${this.#floorDivide(first, second)} * ${group(this.integer(second))})`
      }
      default:
        throw new InvariantError(`${intrinsic} gives no integer`)
    }
  }

  /** ⌊a / b⌋: half a step towards b's sign keeps a quotient that is whole from being rounded below it. */
  #floorDivide(a: Value, b: Value | undefined): string {
    invariant(b !== undefined, 'a quotient has a divisor')
    const [dividend, divisor] = [this.integer(a), divisorOf(this.integer(b))]
    if (b.kind === 'number') return `Math.floor((${dividend} ${b.value < 0 ? '-' : '+'} 0.5) / ${divisor})`
    return `Math.floor((${dividend} + 0.5 * Math.sign(${divisor})) / ${divisor})`
  }

  #call(value: Extract<Value, { kind: 'call' }>): string {
    const { intrinsic, args } = value
    invariant(isIntrinsic(intrinsic), `${intrinsic} is an intrinsic`)
    const bound = this.#bound(intrinsic, args, (argument) => this.real(argument))
    if (bound !== undefined) return bound
    const spelling = gpujsOperators[intrinsic](args)
    for (const helper of spelling.helpers ?? []) this.#require(helper)
    const texts = spelling.args.map((argument) =>
      typeof argument === 'string'
        ? argument
        : typeOf(argument) === 'f32'
          ? this.real(argument)
          : this.integer(argument),
    )
    return `${spelling.callee}(${texts.join(', ')})`
  }

  #require(helper: Helper): void {
    const known = this.#helpers.get(helper.name)
    invariant(known === undefined || known.source === helper.source, `one helper is called ${helper.name}`)
    if (known !== undefined) return
    helper.uses.forEach((used) => this.#require(used))
    this.#helpers.set(helper.name, helper)
  }

  #binary(value: Binary, print: (child: Value) => string): string {
    const { operator, left, right } = value
    const part = (child: Value, side: 'left' | 'right'): string => {
      const text = print(child)
      return needsParentheses(operator, child, side) ? `(${text})` : text
    }
    const spelt = operator === '==' ? '===' : operator === '!=' ? '!==' : operator
    return `${part(left, 'left')} ${spelt} ${part(right, 'right')}`
  }

  #inside(child: Value, parent: 'prefix'): string {
    const text = this.real(child)
    return needsParentheses(parent, child, 'right') ? `(${text})` : text
  }
}
