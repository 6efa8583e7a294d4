/** A formula as JavaScript, which the host's engine compiles as any other: float64 is computed so, number by number. */
import { invariant } from '../../diagnostics/invariant.ts'
import type { Formula, FormulaOperator, IndexFormula, Loop, Terms } from '../equation.ts'
import { lowest } from '../equation.ts'
import { expressionsIn } from './script-terms.ts'
import { Lines, numberText } from './script-lines.ts'
import type { Bound, Script } from './script-lines.ts'
import { freeIndexes } from './traverse.ts'

const scripts = new WeakMap<Formula, Script>()

/** A formula is made a script of once. */
export function scriptOf(formula: Formula): Script {
  const known = scripts.get(formula) ?? new Writer().script(formula)
  scripts.set(formula, known)
  return known
}

const coordinates: Readonly<Record<string, Bound>> = {
  x: { text: 'x', set: 'setX' },
  y: { text: 'y', set: 'setY' },
  z: { text: 'z', set: 'setZ' },
}

class Writer {
  readonly #lines = new Lines()
  readonly #loops = new Map<IndexFormula, Bound>()
  readonly #known = new Map<object, readonly string[]>()

  script(formula: Formula): Script {
    return this.#lines.made(this.value(formula))
  }

  value(formula: Formula): string {
    const lines = this.#lines
    switch (formula.kind) {
      case 'number':
        return numberText(formula.value)
      case 'index':
        return this.#bound(formula).text
      case 'size':
        return lines.derived(
          `size ${JSON.stringify(formula.size)}`,
          () => `size(${lines.constant(formula.size)})`,
        )
      case 'bufferLength':
        return `${this.#buffer(formula.buffer)}.length`
      case 'load':
        return `load(${this.#buffer(formula.buffer)}, ${this.value(formula.index)}, ${JSON.stringify(formula.buffer)})`
      case 'apply':
        return applied(
          formula.operator,
          formula.operands.map((operand) => this.value(operand)),
          formula.type === 'u32',
        )
      case 'convert':
        return formula.type === 'u32' ? `Math.trunc(${this.value(formula.value)})` : this.value(formula.value)
      case 'named':
        return this.#kept(formula, formula, 1, (into) => [`${into[0]} = ${this.value(formula.value)};`])
      case 'choose':
        return `(${this.value(formula.condition)} !== 0 ? ${this.value(formula.yes)} : ${this.value(formula.no)})`
      case 'accumulated': {
        const { loop, which } = formula
        return this.#kept(formula, loop, loop.terms.length, (into) => this.#loop(loop, into), which)
      }
      case 'term': {
        const { terms, which } = formula
        return this.#kept(formula, terms, terms.expressions.length, (into) => this.#terms(terms, into), which)
      }
      case 'condition': {
        const { condition, names } = formula
        return this.#kept(formula, formula, 1, (into) =>
          this.#terms({ expressions: [condition], rows: {}, scalars: names }, into),
        )
      }
    }
  }

  #bound(index: IndexFormula): Bound {
    const bound = this.#loops.get(index) ?? coordinates[index.name]
    invariant(bound !== undefined, `the index ${index.name} is bound`)
    return bound
  }

  #buffer(name: string): string {
    return this.#lines.derived(`buffer ${name}`, () => `buffers(${JSON.stringify(name)})`)
  }

  /** Values that are computed once for the indexes that they depend on. */
  #kept(
    formula: Formula,
    key: object,
    count: number,
    compute: (into: readonly string[]) => string[],
    which = 0,
  ): string {
    const known = this.#known.get(key)
    const sets = (): string[] => [...freeIndexes(formula)].map((index) => this.#bound(index).set)
    const values = known ?? this.#lines.kept(sets(), count, compute)
    this.#known.set(key, values)
    return values[which] ?? 'NaN'
  }

  #loop({ index, count, where, terms }: Loop, into: readonly string[]): string[] {
    const [at, set] = [this.#lines.variable('i'), this.#lines.variable('e')]
    const until = this.value(count)
    this.#loops.set(index, { text: at, set })
    const totals = terms.map(() => this.#lines.fresh('t'))
    const add = terms.map(({ operator, value }, place) => {
      const [total, one] = [totals[place], this.value(value)]
      return operator === 'sum' ? `${total} += ${one};` : `${total} = Math.max(${total}, ${one});`
    })
    return [
      ...terms.map(
        ({ operator }, place) => `let ${totals[place]} = ${operator === 'sum' ? 0 : numberText(lowest)};`,
      ),
      `const until = ${until};`,
      'for (let at = 0; at < until; at++) {',
      `${at} = at; ${set} = ++clock;`,
      ...(where === undefined ? add : [`if (${this.value(where)} !== 0) {`, ...add, '}']),
      '}',
      ...into.map((value, place) => `${value} = ${totals[place]};`),
    ]
  }

  #terms({ expressions, rows, scalars, indexes = {} }: Terms, into: readonly string[]): string[] {
    const lines = this.#lines
    const set = lines.variable('e')
    const kept: string[] = [`${set} = ++clock;`]
    const keep = (formula: Formula): string => {
      const name = lines.variable('n')
      kept.push(`${name} = ${this.value(formula)};`)
      return name
    }
    const names = Object.entries({ ...scalars, ...indexes }).map(
      ([name, of]) => [name, { text: keep(of), set }] as const,
    )
    const vectors = Object.entries(rows).map(
      ([name, { buffer, start }]) => [name, { set, entry: this.#entry(buffer, keep(start)) }] as const,
    )
    const value = expressionsIn(lines, { names: new Map(names), rows: new Map(vectors) })
    return [...kept, ...expressions.map((expression, place) => `${into[place]} = ${value(expression)};`)]
  }

  #entry(buffer: string, start: string): (index: string) => string {
    const rows = this.#buffer(buffer)
    return (index) => `load(${rows}, ${start} + ${index}, ${JSON.stringify(buffer)})`
  }
}

function applied(
  operator: FormulaOperator,
  [a = '0', b = '0', c = '0']: readonly string[],
  whole: boolean,
): string {
  switch (operator) {
    case '+':
    case '-':
    case '*':
    case '%':
      return `(${a} ${operator} ${b})`
    case '/':
      return whole ? `Math.floor(${a} / ${b})` : `(${a} / ${b})`
    case '<':
    case '<=':
    case '>':
    case '>=':
      return `Number(${a} ${operator} ${b})`
    case '==':
    case '!=':
      return `Number(${a} ${operator}= ${b})`
    case '&&':
      return `(Number(${a} !== 0) & Number(${b} !== 0))`
    case 'min':
    case 'max':
      return `Math.${operator}(${a}, ${b})`
    case 'exp':
    case 'abs':
      return `Math.${operator}(${a})`
    case 'exp2':
      return `2 ** (${a})`
    case 'select':
      return `select(${a}, ${b}, ${c})`
  }
}
