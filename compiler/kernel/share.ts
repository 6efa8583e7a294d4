/**
 * Gives names to parts of values, so that a kernel's text stays short.
 *
 * Lowering may use a value in several places, as the bounds of intervals do. Text writes it out each time: if every
 * level of a value uses the level below twice, the text doubles with each level. If the values of a statement are long
 * or deep, parts that are used more than once get a `let` before it, and so do parts too deep for the parsers of
 * devices. This changes no number, because values have no effects and a statement stores after it has read.
 */
import { let_, ref } from './build-statements.ts'
import type { Kernel, Statement, Value } from './kernel.ts'
import { children, declaredNames, mapChildren } from './walk.ts'

/**
 * The depth of a written value, in nodes, at which a part gets a name; WGSL parsers accept about a hundred
 * nested brackets.
 */
const deep = 24

/** How a target writes values, which decides the parts that get a name. */
export interface Text {
  /** Whether the target writes the parts of this value twice. */
  readonly copies: (value: Value) => boolean
  /** The largest value, in nodes, that is written whole, unless it is too deep. */
  readonly short: number
  /** Whether a `let` of the target can hold this value. */
  readonly holds: (value: Value) => boolean
}

const plain: Text = { copies: () => false, short: 256, holds: () => true }

/**
 * Returns the kernel with a `let` for each repeated or deeply nested part of a long value: the numbers stay
 * the same, the printed text stays short.
 */
export function shareValues(kernel: Kernel): Kernel {
  return { ...kernel, body: new Sharing(declaredNames(kernel.body), plain).block(kernel.body) }
}

/** `shareValues` for statements that end in a value, as the kernel of a cell does. */
export function shareWithResult(
  statements: readonly Statement[],
  result: Value,
  text: Text,
): { readonly statements: readonly Statement[]; readonly result: Value } {
  const sharing = new Sharing(declaredNames(statements), text)
  const body = sharing.block(statements)
  const last = sharing.value(result)
  return { statements: [...body, ...last.names], result: last.value }
}

class Sharing {
  readonly #taken: Set<string>
  readonly #text: Text
  #last = 0

  constructor(taken: readonly string[], text: Text) {
    this.#taken = new Set(taken)
    this.#text = text
  }

  block(statements: readonly Statement[]): readonly Statement[] {
    return statements.flatMap((statement) => this.#statement(statement))
  }

  #statement(statement: Statement): readonly Statement[] {
    switch (statement.kind) {
      case 'let':
      case 'var':
      case 'assign':
      case 'store':
      case 'sharedStore': {
        const { names, value } = this.value(statement.value)
        return value === statement.value ? [statement] : [...names, { ...statement, value }]
      }
      case 'if': {
        const { names, value } = this.value(statement.condition)
        const { then, otherwise } = statement
        return [
          ...names,
          {
            ...statement,
            condition: value,
            then: this.block(then),
            ...(otherwise && { otherwise: this.block(otherwise) }),
          },
        ]
      }
      case 'for':
        return [{ ...statement, body: this.block(statement.body) }]
      default:
        return [statement]
    }
  }

  value(whole: Value): { readonly names: readonly Statement[]; readonly value: Value } {
    const graph = new Graph(whole, this.#text)
    if (graph.size <= this.#text.short && graph.depth <= deep) return { names: [], value: whole }
    const names: Statement[] = []
    const value = graph.rewrite((part) => {
      const named = let_(this.#fresh(), part)
      names.push(named)
      return ref(named)
    })
    return { names, value }
  }

  #fresh(): string {
    let name: string
    do name = `part${++this.#last}`
    while (this.#taken.has(name))
    return name
  }
}

interface Node {
  readonly value: Value
  readonly parts: readonly Node[]
  /** Nodes of the text, repeated parts counted each time. */
  readonly size: number
  readonly depth: number
  /** How often the nodes above write it. */
  uses: number
}

/** A value as a graph: equal parts are one node. */
class Graph {
  readonly #text: Text
  readonly #root: Node
  readonly #known = new Map<Value, Node>()
  readonly #equal = new Map<string, Node>()
  readonly #numbers = new Map<Node, number>()

  constructor(whole: Value, text: Text) {
    this.#text = text
    this.#root = this.#node(whole)
  }

  get size(): number {
    return this.#root.size
  }

  get depth(): number {
    return this.#root.depth
  }

  #node(value: Value): Node {
    const known = this.#known.get(value)
    if (known !== undefined) return known
    const parts = children(value).map((child) => this.#node(child))
    const key = keyOf(
      value,
      parts.map((part) => this.#numbers.get(part) ?? 0),
    )
    const node = this.#equal.get(key) ?? this.#add(key, value, parts)
    this.#known.set(value, node)
    return node
  }

  #add(key: string, value: Value, parts: readonly Node[]): Node {
    const times = this.#text.copies(value) ? 2 : 1
    for (const part of parts) part.uses += times
    const node: Node = {
      value,
      parts,
      size: parts.reduce((sum, part) => sum + times * part.size, 1),
      depth: parts.reduce((most, part) => Math.max(most, part.depth), 0) + 1,
      uses: 0,
    }
    this.#numbers.set(node, this.#numbers.size)
    this.#equal.set(key, node)
    return node
  }

  /** The value over names of its parts, which `name` gives them in an order in which each sees those before. */
  rewrite(name: (part: Value) => Value): Value {
    const done = new Map<Node, { readonly value: Value; readonly depth: number }>()
    const visit = (node: Node): { readonly value: Value; readonly depth: number } => {
      const known = done.get(node)
      if (known !== undefined) return known
      const parts = node.parts.map(visit)
      let place = 0
      const value = mapChildren(node.value, (child) => parts[place++]?.value ?? child)
      const depth = parts.reduce((most, part) => Math.max(most, part.depth), 0) + 1
      const named = node.parts.length > 0 && node !== this.#root && (node.uses > 1 || depth >= deep)
      const result =
        named && isNameable(value) && this.#text.holds(value)
          ? { value: name(value), depth: 1 }
          : { value, depth }
      done.set(node, result)
      return result
    }
    return visit(this.#root).value
  }
}

/** A vec4f of a constant gets no name, because intrinsics such as `power` ask for a literal constant. */
function isNameable(value: Value): boolean {
  return !(value.kind === 'splat' && value.value.kind === 'number')
}

/** A key that two values share if they are written alike; `parts` holds the node numbers of their parts. */
function keyOf(value: Value, parts: readonly number[]): string {
  const own = Object.entries(value).filter(([, field]) => typeof field !== 'object')
  return `${own.map(([, field]) => (Object.is(field, -0) ? '-0' : String(field))).join(' ')} (${parts.join(' ')})`
}
