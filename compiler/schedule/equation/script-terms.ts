/** Expressions of the language in component form as JavaScript. */
import { invariant } from '../../diagnostics/invariant.ts'
import type { Expression, Reduce } from '../../symbolic/expression.ts'
import { scalarOperator } from '../../symbolic/operators.ts'
import { freeVariables } from '../../symbolic/traverse.ts'
import { numberText } from './script-lines.ts'
import type { Bound, Lines } from './script-lines.ts'

/** What names of expressions stand for. */
interface Names {
  readonly names: ReadonlyMap<string, Bound>
  readonly rows: ReadonlyMap<string, { readonly set: string; readonly entry: (index: string) => string }>
}

/** Writes expressions that share what they have in common; a reduce is computed once for the indexes that it mentions. */
export function expressionsIn(lines: Lines, { names, rows }: Names): (expression: Expression) => string {
  const known = new Map<Reduce, { readonly around: readonly Bound[]; readonly text: string }[]>()

  const value = (expression: Expression, bound: ReadonlyMap<string, Bound>): string => {
    switch (expression.kind) {
      case 'constant':
        return numberText(expression.value)
      case 'variable':
        return named(bound, expression.name).text
      case 'element': {
        const row = rows.get(expression.vector)
        invariant(row !== undefined, `the rows ${expression.vector} are bound`)
        return row.entry(value(expression.index, bound))
      }
      case 'apply': {
        const operator = scalarOperator(expression.operator)
        invariant(operator !== undefined, `${expression.operator} is an operator on numbers`)
        const args = expression.args.map((arg) => value(arg, bound))
        return `${lines.constant(operator.value)}(${args.join(', ')})`
      }
      case 'reduce':
        return reduced(expression, bound)
    }
  }

  const reduced = (reduce: Reduce, bound: ReadonlyMap<string, Bound>): string => {
    const around = [...freeVariables(reduce)].flatMap((name) => bound.get(name) ?? [])
    const same = known.get(reduce) ?? []
    known.set(reduce, same)
    const before = same.find((one) => one.around.every((each, place) => each === around[place]))
    if (before !== undefined) return before.text
    const ofRows = [...freeVariables(reduce)].flatMap((name) => rows.get(name)?.set ?? [])
    const sets = new Set([...around.map(({ set }) => set), ...ofRows])
    const [text = 'NaN'] = lines.kept([...sets], 1, ([into]) => loop(reduce, bound, into ?? ''))
    same.push({ around, text })
    return text
  }

  const loop = ({ operator, index, size, body }: Reduce, bound: ReadonlyMap<string, Bound>, into: string) => {
    const [at, set] = [lines.variable('i'), lines.variable('e')]
    const one = value(body, new Map([...bound, [index, { text: at, set }]]))
    return [
      `let total = ${operator === 'sum' ? '0' : '-Infinity'};`,
      `for (let at = 0; at < ${size}; at++) {`,
      `${at} = at; ${set} = ++clock;`,
      operator === 'sum' ? `total += ${one};` : `total = Math.max(total, ${one});`,
      '}',
      `${into} = total;`,
    ]
  }

  return (expression) => value(expression, names)
}

function named(bound: ReadonlyMap<string, Bound>, name: string): Bound {
  const found = bound.get(name)
  invariant(found !== undefined, `the variable ${name} is bound`)
  return found
}
