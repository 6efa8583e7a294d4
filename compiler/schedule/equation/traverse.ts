/** Traversal of formulas: their parts, the buffers that they read, the indexes that they depend on. */
import type { Formula, IndexFormula, Loop, Terms } from '../equation.ts'

/** The formulas that a formula is made of, those inside its loop and its terms too. */
export function partsOf(formula: Formula): readonly Formula[] {
  switch (formula.kind) {
    case 'number':
    case 'index':
    case 'size':
    case 'bufferLength':
      return []
    case 'load':
      return [formula.index]
    case 'apply':
      return formula.operands
    case 'convert':
    case 'named':
      return [formula.value]
    case 'choose':
      return [formula.condition, formula.yes, formula.no]
    case 'accumulated':
      return partsOfLoop(formula.loop)
    case 'term':
      return partsOfTerms(formula.terms)
    case 'condition':
      return Object.values(formula.names)
  }
}

const partsOfLoop = ({ count, where, terms }: Loop): readonly Formula[] => [
  count,
  ...(where === undefined ? [] : [where]),
  ...terms.map(({ value }) => value),
]

const partsOfTerms = ({ rows, scalars, indexes = {} }: Terms): readonly Formula[] => [
  ...Object.values(rows).map(({ start }) => start),
  ...Object.values(scalars),
  ...Object.values(indexes),
]

/** The buffers that formulas read, each once, in the order in which they are met. */
export function readsOf(...formulas: readonly Formula[]): readonly string[] {
  const found = new Set<string>()
  const seen = new Set<Formula>()
  const visit = (one: Formula): void => {
    if (seen.has(one)) return
    seen.add(one)
    if (one.kind === 'load' || one.kind === 'bufferLength') found.add(one.buffer)
    if (one.kind === 'term') for (const { buffer } of Object.values(one.terms.rows)) found.add(buffer)
    partsOf(one).forEach(visit)
  }
  formulas.forEach(visit)
  return [...found]
}

const free = new WeakMap<Formula, ReadonlySet<IndexFormula>>()

/** The indexes of enclosing loops, and the coordinates of the cell, that a formula depends on. */
export function freeIndexes(formula: Formula): ReadonlySet<IndexFormula> {
  const known = free.get(formula)
  if (known !== undefined) return known
  const found = new Set(formula.kind === 'index' ? [formula] : [])
  for (const part of partsOf(formula)) for (const index of freeIndexes(part)) found.add(index)
  if (formula.kind === 'accumulated') found.delete(formula.loop.index)
  free.set(formula, found)
  return found
}

/** Numbers formulas by structure: two that are built alike from the same parts have one number. */
export class Identities {
  readonly #texts = new Map<string, string>()
  readonly #formulas = new Map<Formula, string>()
  readonly #objects = new Map<object, number>()

  /** Equal for formulas that are built alike from the same indexes, loops and terms. */
  of(formula: Formula): string {
    const known = this.#formulas.get(formula)
    if (known !== undefined) return known
    const text = this.#text(formula)
    const number = this.#texts.get(text) ?? `#${this.#texts.size}`
    this.#texts.set(text, number)
    this.#formulas.set(formula, number)
    return number
  }

  #text(formula: Formula): string {
    switch (formula.kind) {
      case 'number':
        return `${formula.type} ${formula.value}`
      case 'index':
        return `index ${this.#object(formula)}`
      case 'size':
        return `size ${JSON.stringify(formula.size)}`
      case 'bufferLength':
        return `length of ${formula.buffer}`
      case 'load':
        return `${formula.buffer}[${this.of(formula.index)}]`
      case 'apply':
        return `${formula.type} ${formula.operator}(${formula.operands.map((one) => this.of(one)).join(',')})`
      case 'convert':
        return `${formula.type} of ${this.of(formula.value)}`
      case 'named':
        return `${formula.name} = ${this.of(formula.value)}`
      case 'choose':
        return `choose ${[formula.condition, formula.yes, formula.no].map((one) => this.of(one)).join(',')}`
      case 'accumulated':
        return `loop ${this.#object(formula.loop)}.${formula.which}`
      case 'term':
        return `terms ${this.#object(formula.terms)}.${formula.which}`
      case 'condition':
        return `condition ${this.#object(formula.condition)} ${Object.entries(formula.names)
          .map(([name, one]) => `${name}${this.of(one)}`)
          .join(',')}`
    }
  }

  #object(of: object): number {
    const known = this.#objects.get(of) ?? this.#objects.size
    this.#objects.set(of, known)
    return known
  }
}
