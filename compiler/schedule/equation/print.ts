/** An equation as text: the formula of a cell, then what its names stand for. */
import { print as printExpression } from '../../symbolic/print.ts'
import { lowest } from '../equation.ts'
import type { Formula, Loop, Terms } from '../equation.ts'
import { printSize } from '../print-size.ts'
import { Identities } from './traverse.ts'

/** `out[x, y, z] = …`, then a line for each name in the order in which it is met. */
export function printEquation(out: string, value: Formula): string[] {
  const printer = new Printer()
  const first = `${out}[x, y, z] = ${printer.formula(value, 0)}`
  return [first, ...printer.names()]
}

const precedence: Readonly<Record<string, number>> = {
  '&&': 1,
  '<': 2,
  '<=': 2,
  '>': 2,
  '>=': 2,
  '==': 2,
  '!=': 2,
  '+': 3,
  '-': 3,
  '*': 4,
  '/': 4,
  '%': 4,
}

const signs: Readonly<Record<string, string>> = {
  '*': '·',
  '<=': '≤',
  '>=': '≥',
  '==': '=',
  '!=': '≠',
  '&&': 'and',
}

class Printer {
  readonly #pending: { readonly word: string; readonly print: () => readonly string[] }[] = []
  readonly #identities = new Identities()
  readonly #words = new Map<string, string>()
  readonly #taken = new Map<string, number>()

  /** Definitions of the names that were printed, and of those that they are made of. */
  names(): string[] {
    const lines: string[] = []
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      const [first = '', ...others] = next.print()
      lines.push(`  ${next.word} = ${first}`, ...others.map((line) => `  ${line}`))
    }
    return lines
  }

  formula(formula: Formula, outer: number): string {
    switch (formula.kind) {
      case 'number':
        return formula.value <= lowest ? 'lowest' : String(formula.value)
      case 'index':
        return formula.name
      case 'size':
        return printSize(formula.size)
      case 'bufferLength':
        return `|${formula.buffer}|`
      case 'load':
        return `${formula.buffer}[${this.formula(formula.index, 0)}]`
      case 'apply':
        return this.#apply(formula, outer)
      case 'convert':
        return this.formula(formula.value, outer)
      case 'named':
        return this.#word(this.#identities.of(formula), formula.name, () => [this.formula(formula.value, 0)])
      case 'choose': {
        const [when, yes, no] = [formula.condition, formula.yes, formula.no].map((one) =>
          this.formula(one, 0),
        )
        return `{${yes ?? ''} if ${when ?? ''}, else ${no ?? ''}}`
      }
      case 'accumulated':
        return formula.loop.terms.length === 1
          ? this.#reduction(formula.loop, 0, outer)
          : this.#word(this.#identities.of(formula), formula.loop.terms[formula.which]?.name ?? 'sum', () => [
              this.#reduction(formula.loop, formula.which, 0),
            ])
      case 'term':
        return this.#term(formula.terms, formula.which, this.#identities.of(formula))
      case 'condition':
        return `(${printExpression(formula.condition)})`
    }
  }

  #apply({ operator, operands }: Extract<Formula, { kind: 'apply' }>, outer: number): string {
    const own = precedence[operator]
    if (own === undefined) return `${operator}(${operands.map((one) => this.formula(one, 0)).join(', ')})`
    const [left, right] = operands
    const symmetric = operator === '+' || operator === '*' || operator === '&&'
    const text = [
      left === undefined ? '' : this.formula(left, own),
      signs[operator] ?? operator,
      right === undefined ? '' : this.formula(right, symmetric ? own : own + 1),
    ].join(' ')
    return own < outer ? `(${text})` : text
  }

  #reduction({ index, count, where, terms }: Loop, which: number, outer: number): string {
    const term = terms[which]
    if (term === undefined) return ''
    const sign = term.operator === 'sum' ? 'Σ' : 'max'
    const condition = where === undefined ? '' : `, ${this.formula(where, 0)}`
    const text = `${sign}_{${index.name} < ${this.formula(count, 3)}${condition}} ${this.formula(term.value, 4)}`
    return outer > 3 ? `(${text})` : text
  }

  #term({ expressions, rows, scalars }: Terms, which: number, key: string): string {
    const expression = expressions[which]
    if (expression === undefined) return ''
    return this.#word(key, 'term', () => [
      printExpression(expression),
      ...Object.entries(rows).map(
        ([name, { buffer, start }]) => `  ${name} = ${buffer}[${this.formula(start, 0)} …]`,
      ),
      ...Object.entries(scalars).flatMap(([name, value]) =>
        value.kind === 'named' ? [`  ${name} = ${this.formula(value.value, 0)}`] : [],
      ),
    ])
  }

  #word(key: string, name: string, print: () => readonly string[]): string {
    const known = this.#words.get(key)
    if (known !== undefined) return known
    const times = (this.#taken.get(name) ?? 0) + 1
    this.#taken.set(name, times)
    const word = times === 1 ? name : `${name}${times}`
    this.#words.set(key, word)
    this.#pending.push({ word, print })
    return word
  }
}
