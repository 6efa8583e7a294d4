/** Sums and maxima over the entries of rows, and the renaming of their indices. */
import { add, atomic, exponential, multiply, scale, zero } from './arithmetic.ts'
import {
  boundIndex,
  entryAtom,
  functionAtom,
  groupAtom,
  maximumAtom,
  mentions,
  sumAtom,
  term,
} from './atoms.ts'
import * as complex from './complex.ts'
import type { Atom, Term, Value } from './value.ts'

/**
 * Σ over an index of a value. What does not see the index goes before the sum;
 * a sum over a single entry is that entry, and is written as a sum of each factor.
 */
export function sumOver(index: string, size: number, value: Value): Value {
  return add(...value.map((part) => sumOfTerm(index, size, part)))
}

function sumOfTerm(index: string, size: number, part: Term): Value {
  const { coefficient, weight, factors, exponent } = part
  const inner = factors.filter(({ atom }) => atom.names.has(index))
  const outer = factors.filter(({ atom }) => !atom.names.has(index))
  const innerExponent = exponent.filter((each) => mentions([each], index))
  const outerExponent = exponent.filter((each) => !mentions([each], index))
  const before = [term(coefficient, weight, outer, outerExponent)]
  if (inner.length === 0 && innerExponent.length === 0) return scale(before, size)
  if (size === 1) {
    const parts = inner.map(({ atom, power }) =>
      atomic(singleSum(index, term(complex.real(1), 1, [{ atom, power: 1 }], zero), 1), power),
    )
    return multiply(before, ...parts, exponential(sumOver(index, 1, innerExponent)))
  }
  const body = term(complex.real(1), 1, inner, innerExponent)
  return multiply(before, atomic(singleSum(index, body, size)))
}

function singleSum(index: string, body: Term, size: number): Atom {
  return sumAtom(size, renameTerm(body, index, boundIndex(depth(body))))
}

const depth = (body: Term): number => groupAtom([body]).depth

/** The largest of the values at an index from 0 to size − 1. */
export function maximumOver(index: string, size: number, value: Value): Value {
  if (!mentions(value, index)) return value
  const bound = boundIndex(groupAtom(value).depth)
  return atomic(maximumAtom(size, renameIndex(value, index, bound)))
}

/** The value with a free index under another name. */
export function renameIndex(value: Value, from: string, to: string): Value {
  if (!mentions(value, from)) return value
  return value.map((part) => renameTerm(part, from, to))
}

function renameTerm({ coefficient, weight, factors, exponent }: Term, from: string, to: string): Term {
  const renamed = factors.map(({ atom, power }) => ({ atom: renameAtom(atom, from, to), power }))
  return term(coefficient, weight, renamed, renameIndex(exponent, from, to))
}

function renameAtom(atom: Atom, from: string, to: string): Atom {
  if (!atom.names.has(from)) return atom
  const within = (value: Value): Value => renameIndex(value, from, to)
  switch (atom.kind) {
    case 'scalar':
      return atom
    case 'entry':
      return entryAtom(atom.row, atom.index === from ? to : atom.index)
    case 'sum':
      return sumAtom(atom.size, renameTerm(atom.body, from, to))
    case 'maximum':
      return maximumAtom(atom.size, within(atom.body))
    case 'function':
      return functionAtom(atom.name, atom.args.map(within))
    case 'group':
      return groupAtom(within(atom.body))
  }
}
