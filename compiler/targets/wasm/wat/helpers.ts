/** The functions that a kernel's text defines, each after those that it calls. */

import { invariant } from '../../../diagnostics/invariant.ts'
import type { Helper } from '../../elementary/helper.ts'
import { lanesOf } from '../../elementary/helper.ts'
import { exp2, sign } from './elementary.ts'
import { readFormula } from './formula.ts'
import type { Formula } from './formula.ts'
import type { Node } from './text.ts'
import { translate } from './translate.ts'

/** Built-in functions of formulas that WebAssembly does not have. */
const builtin: readonly Helper[] = (['f32', 'vec4f'] as const)
  .map(lanesOf)
  .flatMap((lanes) => [exp2(lanes), sign(lanes)])

/** Collects functions, with all that they call. */
export class Helpers {
  readonly #defined = new Map<string, readonly Node[]>()

  /** Each function that these statements call, or that one of them does, its comment in front of it. */
  calledBy(statements: readonly Node[]): readonly Node[] {
    const called = new Set<string>()
    const visit = (node: Node): void => {
      if (typeof node === 'string') return
      node.forEach(visit)
      const [head, name] = node
      if (head !== 'call' || typeof name !== 'string' || called.has(name)) return
      called.add(name)
      visit(this.functionOf(name) ?? '')
    }
    statements.forEach(visit)
    return [...this.#defined].flatMap(([name, nodes]) => (called.has(`$${name}`) ? nodes : []))
  }

  /** The function of this name, `$` included. */
  functionOf(name: string): Node | undefined {
    return this.#defined.get(name.slice(1))?.at(-1)
  }

  /** Sees to it that the text defines the function; returns its name. */
  require(helper: Helper): string {
    if (this.#defined.has(helper.name)) return `$${helper.name}`
    for (const used of helper.uses) this.require(used)
    const formula = formulaOf(helper)
    const known = [...builtin, ...helper.uses].map(formulaOf)
    const { func, calls } = translate(formula, new Map(known.map((other) => [other.name, other])))
    for (const name of calls) {
      const called = [...builtin, ...helper.uses].find((other) => other.name === name)
      invariant(called !== undefined, `${helper.name} says that it uses ${name}`)
      this.require(called)
    }
    this.#defined.set(helper.name, [`;; ${formula.comment}`, func])
    return `$${helper.name}`
  }
}

const read = new Map<string, Formula>()

function formulaOf({ source }: Helper): Formula {
  const known = read.get(source) ?? readFormula(source)
  read.set(source, known)
  return known
}
