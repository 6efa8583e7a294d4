/** Values as WGSL expressions, with no more parentheses than they need. */

import { shapeFields, strideFields } from '../../../../runtime/contract/shape.ts'
import { isStride } from '../../../../runtime/contract/size.ts'
import { invariant } from '../../../diagnostics/invariant.ts'
import type { Binding, Value } from '../../../kernel/kernel.ts'
import { binary, floatText, isIntrinsic, needsParentheses, typeOf } from '../../../kernel/target.ts'
import { wgslOperators } from '../operators.ts'
import type { Helper } from '../../elementary/helper.ts'
import { wgslName } from './names.ts'

/** Prints values, and remembers which helpers the text must define. */
export class ValuePrinter {
  readonly #helpers = new Map<string, Helper>()
  #strided = false
  #one = false
  /** Names of the buffers that are bound as vec4f. */
  readonly #inFours: ReadonlySet<string>

  constructor(bindings: readonly Binding[]) {
    this.#inFours = new Set(
      bindings.filter(({ element }) => element === 'vec4f').map((binding) => binding.name),
    )
  }

  /** The name of a 1 that a compiler of shaders does not know: a dispatch has at least one group. */
  get unknownOne(): string {
    this.#one = true
    return 'unknownOne'
  }

  /** Declares what `unknownOne` names, if it was asked for. */
  get declarations(): readonly string[] {
    if (!this.#one) return []
    return [
      '// 1, which no compiler knows: loops up to a multiple of it are not written out',
      'let unknownOne = min(shape.sliceCount, 1u);',
    ]
  }

  /** The fields of the shape, with strides where one was asked for: they are the last. */
  get fields(): readonly string[] {
    return this.#strided ? [...shapeFields, ...strideFields] : shapeFields
  }

  /** The helpers asked for so far, each after those that it calls. */
  get helpers(): readonly Helper[] {
    return [...this.#helpers.values()]
  }

  print(value: Value): string {
    switch (value.kind) {
      case 'number':
        return printNumber(value)
      case 'name':
        return wgslName(value.name)
      case 'thread':
      case 'workgroup':
        return value.kind
      case 'shape':
        this.#strided ||= isStride(value.field)
        return `shape.${value.field}`
      case 'bufferLength':
        return this.#length(value.buffer)
      case 'load':
        return this.#load(value)
      case 'sharedLoad':
        return `${wgslName(value.array)}[${this.print(value.index)}]`
      case 'lane':
        return `${this.#part(value.vector, 'postfix')}.${'xyzw'.charAt(value.lane)}`
      case 'vec4':
        return `vec4f(${this.#list(value.lanes)})`
      case 'splat':
        return `vec4f(${this.print(value.value)})`
      case 'unary':
        return `${value.operator}${this.#part(value.operand, 'prefix')}`
      case 'binary':
        return this.#binary(value)
      case 'select':
        return `select(${this.#list([value.no, value.yes, value.condition])})`
      case 'call':
        return this.#call(value)
      case 'convert':
        return `${value.to}(${this.print(value.value)})`
    }
  }

  #length(buffer: string): string {
    const length = `arrayLength(&${wgslName(buffer)})`
    return this.#inFours.has(buffer) ? `(4u * ${length})` : length
  }

  #load({ type, buffer, index }: Extract<Value, { kind: 'load' }>): string {
    const inFours = this.#inFours.has(buffer)
    invariant(type !== 'vec4f' || inFours, `WGSL reads one number of ${buffer} at a time`)
    const places =
      inFours && type !== 'vec4f' ? [binary('/', index, four), binary('%', index, four)] : [index]
    return `${wgslName(buffer)}${places.map((place) => `[${this.print(place)}]`).join('')}`
  }

  #binary({ operator, left, right }: Extract<Value, { kind: 'binary' }>): string {
    // Conditions have no effects. `&&` would become a branch, and there are dozens before a barrier: what
    // SwiftShader's compiler makes of them takes it minutes.
    if (operator === '&&' || operator === '||') {
      const part = (child: Value): string =>
        child.kind === 'binary' && child.operator !== operator ? `(${this.print(child)})` : this.print(child)
      return `${part(left)} ${operator.charAt(0)} ${part(right)}`
    }
    // A vector meets a number as it is.
    const bare = (side: Value, other: Value): Value =>
      side.kind === 'splat' && other.kind !== 'splat' && operator !== '%' ? side.value : side
    return `${this.#part(bare(left, right), operator, 'left')} ${operator} ${this.#part(bare(right, left), operator)}`
  }

  #call({ intrinsic, args }: Extract<Value, { kind: 'call' }>): string {
    const [first] = args
    invariant(
      isIntrinsic(intrinsic) && first !== undefined,
      `${intrinsic} is an intrinsic, called with arguments`,
    )
    const spelling = wgslOperators[intrinsic](args, typeOf(first))
    if ('helper' in spelling) this.#require(spelling.helper)
    const callee = 'helper' in spelling ? spelling.helper.name : spelling.instruction
    return `${callee}(${this.#list(spelling.args)})`
  }

  #require(helper: Helper): void {
    const known = this.#helpers.get(helper.name)
    invariant(known === undefined || known.source === helper.source, `one helper is called ${helper.name}`)
    if (known !== undefined) return
    helper.uses.forEach((used) => this.#require(used))
    this.#helpers.set(helper.name, helper)
  }

  #list(values: readonly Value[]): string {
    return values.map((value) => this.print(value)).join(', ')
  }

  #part(
    child: Value,
    parent: Parameters<typeof needsParentheses>[0],
    side: 'left' | 'right' = 'right',
  ): string {
    const text = this.print(child)
    return needsParentheses(parent, child, side) ? `(${text})` : text
  }
}

const four: Value = { kind: 'number', type: 'u32', value: 4 }

function printNumber({ type, value }: Extract<Value, { kind: 'number' }>): string {
  switch (type) {
    case 'f32':
      return floatText(value)
    case 'u32':
      return `${value}u`
    case 'i32':
      // The least integer has no literal: its digits are read before its sign.
      return value === -0x80000000 ? 'i32(-2147483648)' : `${value}i`
    case 'bool':
      return value === 0 ? 'false' : 'true'
  }
}
