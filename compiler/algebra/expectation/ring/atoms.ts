/** Makes atoms and terms. The key of each says all of it; numbers in keys have ten digits. */
import { type Complex, isFinite, size as sizeOf } from './complex.ts'
import {
  type EntryAtom,
  type Factor,
  type FunctionAtom,
  type GroupAtom,
  type MaximumAtom,
  OutOfReach,
  type ScalarAtom,
  type SumAtom,
  type Term,
  type Value,
} from './value.ts'

/** A scalar such as a position. */
export const scalarAtom = (name: string): ScalarAtom => ({
  kind: 'scalar',
  name,
  key: name,
  names: new Set([name]),
  depth: 0,
})

/** The entry of a row at an index. */
export const entryAtom = (row: string, index: string): EntryAtom => ({
  kind: 'entry',
  row,
  index,
  key: `${row}[${index}]`,
  names: new Set([row, index]),
  depth: 0,
})

/** A sum that stays together under a power. */
export const groupAtom = (body: Value): GroupAtom => ({
  kind: 'group',
  body,
  key: `(${keyOf(body)})`,
  names: namesOf(body),
  depth: depthOf(body),
})

/** A function that has no form of its own in the ring. */
export const functionAtom = (name: string, args: readonly Value[]): FunctionAtom => ({
  kind: 'function',
  name,
  args,
  key: `${name}(${args.map(keyOf).join(', ')})`,
  names: new Set(args.flatMap((arg) => [...namesOf(arg)])),
  depth: Math.max(0, ...args.map(depthOf)),
})

/** The index that a sum binds over a body of this depth. */
export const boundIndex = (depth: number): string => (depth === 0 ? 't' : `t${depth}`)

/** Over a body in which the index is already called `boundIndex` of its depth. */
export function sumAtom(size: number, body: Term): SumAtom {
  const depth = depthOf([body])
  const index = boundIndex(depth)
  return {
    kind: 'sum',
    index,
    size,
    body,
    key: `sum<${size}>{${body.key}}`,
    names: without(namesOf([body]), index),
    depth: depth + 1,
  }
}

/** Over a body in which the index is already called `boundIndex` of its depth. */
export function maximumAtom(size: number, body: Value): MaximumAtom {
  const depth = depthOf(body)
  const index = boundIndex(depth)
  return {
    kind: 'maximum',
    index,
    size,
    body,
    key: `maximum<${size}>{${keyOf(body)}}`,
    names: without(namesOf(body), index),
    depth: depth + 1,
  }
}

/** Of what a term is made of, written out: identities that have their argument twice double it with each level. */
const longestKey = 20_000

/** A term with its factors in order, and the key that follows from them. */
export function term(
  coefficient: Complex,
  weight: number,
  factors: readonly Factor[],
  exponent: Value,
): Term {
  if (!isFinite(coefficient)) throw new OutOfReach('a constant beyond the range of float64')
  const sorted =
    factors.length < 2 ? factors : [...factors].sort((a, b) => compareKeys(a.atom.key, b.atom.key))
  const product = sorted
    .map(({ atom, power }) => (power === 1 ? atom.key : `${atom.key}^${digits(power)}`))
    .join('*')
  const key = exponent.length === 0 ? product : `${product}*exp{${keyOf(exponent)}}`
  if (key.length > longestKey) throw new OutOfReach(`a term of more than ${longestKey} characters`)
  return { coefficient, weight: Math.max(weight, sizeOf(coefficient)), factors: sorted, exponent, key }
}

/** The order of keys, by code units. */
export const compareKeys = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const keys = new WeakMap<Value, string>()

/** The key of a value: equal where values are, up to the rounding of coefficients. */
export function keyOf(value: Value): string {
  const known = keys.get(value)
  if (known !== undefined) return known
  const key = value
    .map((part) => `${numberKey(part.coefficient)}*${part.key}`)
    .sort()
    .join('+')
  keys.set(value, key)
  return key
}

/** Numbers come back again and again, and writing one is slow. */
const writtenNumbers = new Map<number, string>()
const mostWritten = 20_000

function digits(value: number): string {
  const known = writtenNumbers.get(value)
  if (known !== undefined) return known
  const written = String(Number(value.toPrecision(10)))
  if (writtenNumbers.size >= mostWritten) writtenNumbers.clear()
  writtenNumbers.set(value, written)
  return written
}
const numberKey = ({ re, im }: Complex): string => (im === 0 ? digits(re) : `(${digits(re)},${digits(im)})`)

/** Names of rows, scalars and free indices in a value. */
export function namesOf(value: Value): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { factors, exponent } of value) {
    for (const { atom } of factors) for (const name of atom.names) names.add(name)
    for (const name of namesOf(exponent)) names.add(name)
  }
  return names
}

/** Whether a row, a scalar or a free index of this name is in a value. */
export const mentions = (value: Value, name: string): boolean =>
  value.some((part) => termMentions(part, name))

/** Whether it is in a term. */
const termMentions = ({ factors, exponent }: Term, name: string): boolean =>
  factors.some(({ atom }) => atom.names.has(name)) || mentions(exponent, name)

function depthOf(value: Value): number {
  let depth = 0
  for (const { factors, exponent } of value) {
    for (const { atom } of factors) depth = Math.max(depth, atom.depth)
    depth = Math.max(depth, depthOf(exponent))
  }
  return depth
}

function without(names: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const rest = new Set(names)
  rest.delete(name)
  return rest
}
