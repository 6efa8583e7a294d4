/** Reads the formulas of elementary functions (`targets/elementary/`): a function of lets and one result. */

import { invariant } from '../../../diagnostics/invariant.ts'

/** A part of a formula, untyped: numbers take the type of what they meet. */
export type Part =
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'call'; readonly callee: string; readonly args: readonly Part[] }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: Part }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Part; readonly right: Part }

/** A function as it is written. */
export interface Formula {
  readonly comment: string
  readonly name: string
  readonly parameters: readonly { readonly name: string; readonly type: string }[]
  readonly result: string
  readonly lets: readonly { readonly name: string; readonly value: Part }[]
  readonly value: Part
}

/** The formula of a helper's source; throws where it is written with more than lets and a result. */
export function readFormula(source: string): Formula {
  const [, comment = '', name = '', parameters = '', result = '', body = ''] =
    /^\/\/ (.*)\nfn (\w+)\((.*)\) -> (\w+) \{\n([^]*)\n\}$/.exec(source) ?? []
  invariant(name !== '', `a formula is a function with a comment above it: ${source}`)
  const lines = body.split('\n').map((line) => line.trim())
  const value = lines.pop() ?? ''
  invariant(value.startsWith('return '), `${name} ends with its result`)
  return {
    comment,
    name,
    result,
    parameters: parameters.split(', ').map((parameter) => {
      const [name = '', type = ''] = parameter.split(': ')
      return { name, type }
    }),
    lets: lines.map((line) => {
      const [, name = '', text = ''] = /^let (\w+) = (.*);$/.exec(line) ?? []
      invariant(name !== '', `a line of a formula is a let: ${line}`)
      return { name, value: readPart(text) }
    }),
    value: readPart(value.slice('return '.length, -1)),
  }
}

/** From those that bind least to those that bind most. */
const levels: readonly (readonly string[])[] = [
  ['|', '&', '^'],
  ['==', '!=', '<', '<=', '>', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
]

const token = /\s*((?:0x[\da-f]+|\d[\d.]*(?:e-?\d+)?)[iu]?|\w+(?:<\w+>)?|<<|>>|[=!<>]=|[-+*/%&|^<>(),])/y

function readPart(text: string): Part {
  const tokens: string[] = []
  token.lastIndex = 0
  while (token.lastIndex < text.length) {
    const [, found] = token.exec(text) ?? []
    invariant(found !== undefined, `a formula has other signs than ${text}`)
    tokens.push(found)
  }
  const reader = new Reader(tokens)
  const part = reader.read(0)
  invariant(reader.done, `all of a formula is read: ${text}`)
  return part
}

class Reader {
  readonly #tokens: readonly string[]
  #next = 0

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens
  }

  get done(): boolean {
    return this.#next === this.#tokens.length
  }

  read(level: number): Part {
    const operators = levels[level]
    if (operators === undefined) return this.#unary()
    let left = this.read(level + 1)
    for (let operator = this.#peek(); operators.includes(operator); operator = this.#peek()) {
      this.#next++
      left = { kind: 'binary', operator, left, right: this.read(level + 1) }
    }
    return left
  }

  #unary(): Part {
    const word = this.#take()
    if (word === '-') {
      const operand = this.#unary()
      return operand.kind === 'number'
        ? { kind: 'number', text: `-${operand.text}` }
        : { kind: 'unary', operator: word, operand }
    }
    if (word === '(') {
      const inner = this.read(0)
      this.#expect(')')
      return inner
    }
    if (/^\d/.test(word)) return { kind: 'number', text: word }
    if (this.#peek() !== '(') return { kind: 'name', name: word }
    this.#next++
    const args = [this.read(0)]
    while (this.#peek() === ',') {
      this.#next++
      args.push(this.read(0))
    }
    this.#expect(')')
    return { kind: 'call', callee: word, args }
  }

  #peek(): string {
    return this.#tokens[this.#next] ?? ''
  }

  #take(): string {
    return this.#tokens[this.#next++] ?? ''
  }

  #expect(wanted: string): void {
    const found = this.#take()
    invariant(found === wanted, `${wanted} stands in a formula where ${found} is`)
  }
}
