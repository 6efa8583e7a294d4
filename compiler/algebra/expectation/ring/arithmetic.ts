/** Sums, products, whole powers, exponentials and conjugates of values. */
import { functionAtom, groupAtom, maximumAtom, sumAtom, term } from './atoms.ts'
import * as complex from './complex.ts'
import type { Complex } from './complex.ts'
import { type Atom, type Factor, OutOfReach, type Term, type Value } from './value.ts'

/** Beyond this an expansion has left what a person would write. */
const mostTerms = 2000
const mostProducts = 30_000

/** A sum that cancelled to this share of its parts is rounding. */
const rounding = 1e-12

/** Above this share of its parts, a sum has lost no digits worth remembering. */
const lossless = 1e-3

/** The empty sum. */
export const zero: Value = []

/** A number as a value. */
export function constant(value: number | Complex): Value {
  const number = typeof value === 'number' ? complex.real(value) : value
  const size = complex.size(number)
  return size === 0 ? zero : [term(number, size, [], zero)]
}

/** The empty product. */
export const one = constant(1)

/** An atom to a power, as a value. */
export const atomic = (atom: Atom, power = 1): Value => [term(complex.real(1), 1, [{ atom, power }], zero)]

/** The sum, with terms of one key collected. */
export function add(...values: readonly Value[]): Value {
  const only = values.filter((value) => value.length > 0)
  return only.length === 1 && only[0] !== undefined ? only[0] : collect(only.flat())
}

function collect(terms: readonly Term[]): Value {
  const sums = new Map<string, Term>()
  const several = new Set<string>()
  for (const part of terms) {
    const known = sums.get(part.key)
    if (known !== undefined) several.add(part.key)
    sums.set(part.key, known === undefined ? part : accumulated(known, part))
    if (sums.size > mostTerms) throw new OutOfReach(`an expansion of more than ${mostTerms} terms`)
  }
  const kept: Term[] = []
  for (const part of sums.values()) {
    const settled = several.has(part.key) ? settledCoefficient(part) : part
    if (settled !== undefined) kept.push(settled)
  }
  return kept
}

const accumulated = (a: Term, b: Term): Term => ({
  ...a,
  coefficient: complex.plus(a.coefficient, b.coefficient),
  weight: a.weight + b.weight,
})

function settledCoefficient(part: Term): Term | undefined {
  const { weight } = part
  const negligible = rounding * weight
  const { re, im } = part.coefficient
  const coefficient = { re: Math.abs(re) <= negligible ? 0 : re, im: Math.abs(im) <= negligible ? 0 : im }
  const size = complex.size(coefficient)
  if (size === 0) return undefined
  return { ...part, coefficient, weight: size >= lossless * weight ? size : weight }
}

/** A value times a number. */
export function scale(value: Value, factor: number | Complex): Value {
  const by = typeof factor === 'number' ? complex.real(factor) : factor
  const size = complex.size(by)
  if (size === 0) return zero
  return value.map((part) => ({
    ...part,
    coefficient: complex.times(part.coefficient, by),
    weight: part.weight * size,
  }))
}

/** a − b. */
export const subtract = (a: Value, b: Value): Value => add(a, scale(b, -1))

/** The product, expanded. */
export function multiply(...values: readonly Value[]): Value {
  return values.reduce(product, one)
}

function product(a: Value, b: Value): Value {
  if (a === one) return b
  if (b === one) return a
  if (a.length * b.length > mostProducts) throw new OutOfReach(`a product of ${a.length * b.length} terms`)
  const terms: Term[] = []
  for (const left of a) for (const right of b) terms.push(...termProduct(left, right))
  return collect(terms)
}

function termProduct(a: Term, b: Term): Value {
  const powers = new Map<string, Factor>()
  for (const factor of [...a.factors, ...b.factors]) {
    const known = powers.get(factor.atom.key)
    const power = factor.power + (known?.power ?? 0)
    powers.set(factor.atom.key, { atom: factor.atom, power: Math.abs(power) < 1e-12 ? 0 : power })
  }
  const plain: Factor[] = []
  const expanded: Value[] = []
  for (const factor of powers.values()) {
    const open = opened(factor)
    if (open !== undefined) expanded.push(open)
    else if (factor.power !== 0) plain.push(factor)
  }
  const exponent = add(a.exponent, b.exponent)
  const coefficient = complex.times(a.coefficient, b.coefficient)
  const rest = [term(coefficient, a.weight * b.weight, plain, exponent)]
  return expanded.length === 0 ? rest : multiply(rest, ...expanded)
}

/** A power that is more than an atom's: of a group (whole), and of an absolute value (even). */
function opened({ atom, power }: Factor): Value | undefined {
  if (atom.kind === 'group' && Number.isInteger(power) && power > 0) return wholePower(atom.body, power)
  if (atom.kind !== 'function' || atom.name !== 'abs' || !Number.isInteger(power) || power < 2)
    return undefined
  const [argument = zero] = atom.args
  const even = wholePower(argument, power - (power % 2))
  return power % 2 === 0 ? even : multiply(even, atomic(atom))
}

/** base to a power that is a nonnegative integer, expanded. */
export function wholePower(base: Value, power: number): Value {
  if (power === 0) return one
  const half = wholePower(base, Math.floor(power / 2))
  const square = multiply(half, half)
  return power % 2 === 0 ? square : multiply(square, base)
}

/** exp of a value; its constant goes into the coefficient. */
export function exponential(value: Value): Value {
  const constants = value.filter(isConstantTerm)
  const exponent = value.filter((part) => !isConstantTerm(part))
  const shift = constants[0]?.coefficient ?? complex.real(0)
  const coefficient = complex.exponential(shift)
  return [term(coefficient, complex.size(coefficient), [], exponent)]
}

/** Whether a term is a number. */
const isConstantTerm = ({ factors, exponent }: Term): boolean => factors.length === 0 && exponent.length === 0

/** The number that a value is, if it is one. */
export function asConstant(value: Value): Complex | undefined {
  const [only] = value
  if (only === undefined) return complex.real(0)
  return value.length === 1 && isConstantTerm(only) ? only.coefficient : undefined
}

/** The complex conjugate; rows and scalars are real. */
export const conjugate = (value: Value): Value => add(...value.map((part) => [conjugateTerm(part)]))

const conjugates = new WeakMap<Term, Term>()

function conjugateTerm(part: Term): Term {
  const known = conjugates.get(part)
  if (known !== undefined) return known
  const made = term(
    complex.conjugate(part.coefficient),
    part.weight,
    part.factors.map(({ atom, power }) => ({ atom: conjugateAtom(atom), power })),
    conjugate(part.exponent),
  )
  conjugates.set(part, made)
  return made
}

const conjugateAtoms = new WeakMap<Atom, Atom>()

function conjugateAtom(atom: Atom): Atom {
  const known = conjugateAtoms.get(atom)
  if (known !== undefined) return known
  const made = makeConjugate(atom)
  conjugateAtoms.set(atom, made)
  return made
}

function makeConjugate(atom: Atom): Atom {
  switch (atom.kind) {
    case 'scalar':
    case 'entry':
      return atom
    case 'sum':
      return sumAtom(atom.size, conjugateTerm(atom.body))
    case 'maximum':
      return maximumAtom(atom.size, conjugate(atom.body))
    case 'function':
      return functionAtom(atom.name, atom.args.map(conjugate))
    case 'group':
      return groupAtom(conjugate(atom.body))
  }
}

/** The real part, a value whose coefficients may still be complex. */
export const realPart = (value: Value): Value => scale(add(value, conjugate(value)), 0.5)
/** The imaginary part. */
export const imaginaryPart = (value: Value): Value =>
  scale(subtract(value, conjugate(value)), { re: 0, im: -0.5 })

/** Equal to its conjugate, up to the rounding of coefficients. */
export const isReal = (value: Value): boolean => imaginaryPart(value).length === 0
