/**
 * Values as expressions of the language. Sums over entries become `dot` and
 * `sum` again, or sums over indices in component form where they do not come
 * apart; conjugate pairs of exponentials become sines and cosines.
 */
import {
  apply,
  applyNamed,
  constant,
  dot,
  element,
  power,
  reduce,
  row,
  variable,
} from '../../symbolic/build.ts'
import type { Expression } from '../../symbolic/expression.ts'
import { scalarOperator } from '../../symbolic/operators.ts'
import { print } from '../../symbolic/print.ts'
import { byReading, inOrder, queryFirst, rounded, type Signed, sumOf, weighted } from './reading.ts'
import { add, conjugate, imaginaryPart, isReal, realPart, scale, zero } from './ring/arithmetic.ts'
import { compareKeys, keyOf, mentions, term } from './ring/atoms.ts'
import { type Complex, real } from './ring/complex.ts'
import { type Atom, type Factor, OutOfReach, type SumAtom, type Term, type Value } from './ring/value.ts'

/**
 * The expression that a real value is.
 *
 * @param dim the size of every row
 * @throws OutOfReach where the language has no words for it
 */
export const express = (value: Value, dim: number): Expression => new Writer(dim, 'language').value(value)

/** The same as text, where what the language has no words for is written in its style. */
export const text = (value: Value, dim: number): string => written(value, new Writer(dim, 'text'))

/** The text of the row whose entry at `index` is the value. */
export const rowText = (value: Value, index: string, dim: number): string =>
  written(value, new Writer(dim, 'text', index))

function written(value: Value, writer: Writer): string {
  try {
    return print(writer.value(value))
  } catch (problem) {
    if (problem instanceof OutOfReach) return keyOf(value)
    throw problem
  }
}

const entries = '#entries'

/** A real term: coefficient · term, or that times a wave, or a sum whose terms are waves. */
interface RealTerm {
  readonly coefficient: number
  readonly term: Term
  readonly wave?: { readonly name: 'cos' | 'sin'; readonly angle: Value }
  readonly sum?: { readonly atom: SumAtom; readonly coefficient: Complex }
}

class Writer {
  readonly #dim: number
  readonly #for: 'language' | 'text'
  /** The index along which rows are written whole; `entries` where every entry is written with its index. */
  readonly #along: string | undefined

  constructor(dim: number, purpose: 'language' | 'text', along?: string) {
    this.#dim = dim
    this.#for = purpose
    this.#along = along
  }

  value(value: Value): Expression {
    const terms = realTerms(value).sort((a, b) => byReading(a.term, b.term))
    return sumOf(terms.map((part) => this.#term(part)))
  }

  #term({ coefficient, term: part, wave, sum }: RealTerm): Signed {
    const factors = part.factors
      .filter(({ atom }) => atom !== sum?.atom)
      .sort((a, b) => compareKeys(queryFirst(a.atom.key), queryFirst(b.atom.key)))
    const above = factors.filter(({ power }) => power > 0).map((factor) => this.#factor(factor))
    const below = factors
      .filter(({ power }) => power < 0)
      .map(({ atom, power }) => this.#factor({ atom, power: -power }))
    if (part.exponent.length > 0) above.push(apply('exp', this.value(part.exponent)))
    if (wave !== undefined) above.push(apply(wave.name, this.value(wave.angle)))
    if (sum !== undefined) above.push(this.#waves(sum.atom, sum.coefficient))
    return weighted(rounded(coefficient), { above, below }, this.#for === 'text')
  }

  #factor({ atom, power: to }: Factor): Expression {
    const base = this.#atom(atom)
    if (to === 1) return base
    return to === 0.5 ? apply('sqrt', base) : power(base, rounded(to))
  }

  #atom(atom: Atom): Expression {
    switch (atom.kind) {
      case 'scalar':
        return variable(atom.name)
      case 'entry':
        if (this.#along === entries) return element(atom.row, variable(atom.index))
        if (atom.index !== this.#along) throw new OutOfReach('sums that do not come apart')
        return row(atom.row, this.#dim)
      case 'sum':
        return this.#sum(atom)
      case 'maximum':
        return this.#over('maximum', atom)
      case 'function': {
        const args = atom.args.map((arg) => this.value(arg))
        if (scalarOperator(atom.name) !== undefined) return applyNamed(atom.name, args)
        if (this.#for === 'language') throw new OutOfReach('a function that the language does not have')
        return variable(`S(${print(args[0] ?? constant(0))})`)
      }
      case 'group':
        return this.value(atom.body)
    }
  }

  /** By rows where that can be said, and else entry by entry. */
  #over(
    kind: 'sum' | 'maximum',
    { index, size, body }: { readonly index: string; readonly size: number; readonly body: Value },
    byRows = (): Expression => apply(kind, this.#row(index, size, body)),
  ): Expression {
    if (this.#along === entries) return reduce(kind, index, size, this.value(body))
    try {
      return byRows()
    } catch (problem) {
      if (!(problem instanceof OutOfReach) || this.#along !== undefined) throw problem
      return reduce(kind, index, size, new Writer(this.#dim, this.#for, entries).value(body))
    }
  }

  #sum({ index, size, body }: SumAtom): Expression {
    const pair = pairOf(body)
    return this.#over(
      'sum',
      { index, size, body: [body] },
      pair &&
        ((): Expression => {
          const [a, b] = pair
          return dot(...inOrder(this.#row(index, size, single(a)), this.#row(index, size, single(b))))
        }),
    )
  }

  /** 2·Re(c·Σ_t body) = Σ_t 2·Re(c·body). */
  #waves({ index, size, body }: SumAtom, coefficient: Complex): Expression {
    const half = scale([body], coefficient)
    return this.#over('sum', { index, size, body: add(half, conjugate(half)) })
  }

  /** The row whose entries are the value. */
  #row(index: string, size: number, value: Value): Expression {
    const crossed = this.#along !== undefined && mentions(value, this.#along)
    if (size !== this.#dim || crossed) throw new OutOfReach('sums that do not come apart')
    return new Writer(this.#dim, this.#for, index).value(value)
  }
}

const single = (atom: Atom): Value => [term(real(1), 1, [{ atom, power: 1 }], zero)]

/** The two entries of whose product a term is, if it is one. */
function pairOf({ factors, exponent }: Term): readonly [Atom, Atom] | undefined {
  const [a, b] = factors
  if (exponent.length > 0 || a === undefined) return undefined
  if (factors.length === 1 && a.power === 2) return [a.atom, a.atom]
  return factors.length === 2 && b !== undefined && a.power === 1 && b.power === 1
    ? [a.atom, b.atom]
    : undefined
}

/** The real terms, and of each conjugate pair twice the real part. */
function realTerms(value: Value): RealTerm[] {
  const real: RealTerm[] = []
  const done = new Set<string>()
  for (const part of value) {
    const [mirrored] = conjugate([part])
    if (mirrored === undefined || done.has(part.key)) continue
    if (mirrored.key === part.key) {
      if (part.coefficient.im !== 0) throw new OutOfReach('a complex value')
      real.push({ coefficient: part.coefficient.re, term: part })
      continue
    }
    if (!value.some(({ key }) => key === mirrored.key)) throw new OutOfReach('a complex value')
    done.add(mirrored.key)
    real.push(...waves(part))
  }
  return real
}

/** 2·Re(c·g·exp(a + ib)) = 2·Re c·g·exp(a)·cos b − 2·Im c·g·exp(a)·sin b. */
function waves(part: Term): RealTerm[] {
  const { coefficient, factors, exponent } = part
  const complexFactors = factors.filter(({ atom }) => !isReal(single(atom)))
  const [factor] = complexFactors
  if (factor !== undefined) {
    const { atom, power } = factor
    if (complexFactors.length > 1 || power !== 1 || atom.kind !== 'sum' || !isReal(exponent))
      throw new OutOfReach('a product of complex sums')
    return [{ coefficient: 1, term: part, sum: { atom, coefficient } }]
  }
  const angle = imaginaryPart(exponent)
  const [first] = [...angle].sort(byReading)
  const sign = first !== undefined && first.coefficient.re < 0 ? -1 : 1
  const upright = scale(angle, sign)
  const plain = term(real(1), 1, factors, realPart(exponent))
  const both: RealTerm[] = [
    { coefficient: 2 * coefficient.re, term: plain, wave: { name: 'cos', angle: upright } },
    { coefficient: -2 * sign * coefficient.im, term: plain, wave: { name: 'sin', angle: upright } },
  ]
  return both.filter((each) => Math.abs(each.coefficient) > 1e-12 * part.weight)
}
