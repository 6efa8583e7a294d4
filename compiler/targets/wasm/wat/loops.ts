/**
 * What engines leave undone in innermost loops: they compute an address anew in each turn, from the index and all that
 * stays the same, and they call every function that is called. Here an address that moves by a constant becomes a
 * local that moves, and a short function of one argument stands where it was called.
 */

import type { Locals } from './locals.ts'
import type { Node } from './text.ts'

/** The statements of a loop's turn, what comes before the first turn, and what comes at the end of each. */
export interface Turn {
  readonly before: readonly Node[]
  readonly body: readonly Node[]
  readonly after: readonly Node[]
}

/** An innermost loop: its index, a local that nothing in its body sets, and by how much that grows in a turn. */
export interface Loop {
  readonly index: string
  readonly step: number
  readonly body: readonly Node[]
  /** Locals that a turn sets once, before it reads them, and nothing reads after it. */
  readonly lets: ReadonlySet<string>
}

/** With more of them, locals would take the place of other values in registers. */
const mostAddresses = 6

/** Addresses that move with the index, as locals. */
export function movingAddresses({ index, step, body, lets }: Loop, locals: Locals): Turn {
  const named = placesIn(body, lets)
  const changed = new Set(body.flatMap(localsSetIn))
  const addresses = new Map<string, { readonly local: string; readonly address: Node; readonly by: number }>()
  const visit = (node: Node): Node => {
    if (typeof node === 'string') return node
    const place = addressIn(node)
    const parts = node.map((part, at) => (at === place ? part : visit(part)))
    const written = place === undefined ? undefined : node[place]
    if (place === undefined || written === undefined) return parts
    const address = writtenOut(written, named)
    const slope = address[0] === 'local.get' ? undefined : slopeOf(address, index, changed)
    if (slope === undefined || slope === 0) return parts
    const key = JSON.stringify(address)
    const known = addresses.get(key) ?? {
      local: `${index.slice(1)}.at${addresses.size}`,
      address,
      by: slope * step,
    }
    addresses.set(key, known)
    return parts.with(place, ['local.get', `$${known.local}`])
  }
  const moved = body.map(visit)
  if (addresses.size > mostAddresses) return { before: [], body, after: [] }
  const each = [...addresses.values()].map(({ local, address, by }) => {
    const name = locals.own(local, 'i32')
    return {
      before: ['local.set', name, address],
      after: ['local.set', name, ['i32.add', ['local.get', name], ['i32.const', String(by | 0)]]],
    }
  })
  return {
    before: each.map(({ before }) => before),
    body: withoutUnread(moved, named),
    after: each.map(({ after }) => after),
  }
}

/** What the names of places stand for: values that are computed from integers alone. */
function placesIn(body: readonly Node[], lets: ReadonlySet<string>): ReadonlyMap<string, Node> {
  const named = new Map<string, Node>()
  // Blocks of equal names share a local: one that is set twice stands for no value.
  const sets = body.flatMap(localsSetIn)
  const isSetOnce = (name: string): boolean => sets.indexOf(name) === sets.lastIndexOf(name)
  for (const [head, name, value = ''] of body)
    if (head === 'local.set' && lets.has(String(name)) && isSetOnce(String(name)) && isPure(value))
      named.set(String(name), writtenOut(value, named))
  return named
}

const isPure = (node: Node): boolean =>
  typeof node !== 'string' &&
  (node[0] === 'i32.const' ||
    node[0] === 'local.get' ||
    (pure.has(String(node[0])) && node.slice(1).every(isPure)))

/** The value with those of names in their places. */
function writtenOut(node: Node, named: ReadonlyMap<string, Node>): Node {
  if (typeof node === 'string') return node
  if (node[0] === 'local.get') return named.get(String(node[1])) ?? node
  return node.map((part) => writtenOut(part, named))
}

/** The body without names that nothing reads any more. */
function withoutUnread(body: readonly Node[], named: ReadonlyMap<string, Node>): readonly Node[] {
  const read = new Set(body.flatMap(localsReadIn))
  const left = body.filter(
    (node) =>
      typeof node === 'string' ||
      node[0] !== 'local.set' ||
      !named.has(String(node[1])) ||
      read.has(String(node[1])),
  )
  return left.length === body.length ? body : withoutUnread(left, named)
}

/** Which part of a load or a store is its address. */
function addressIn(node: readonly Node[]): number | undefined {
  const [head] = node
  if (typeof head !== 'string' || !/^(v128|[fi]32)\.(load|store)/.test(head)) return undefined
  const place = node.findIndex((part, at) => at > 0 && typeof part !== 'string')
  return place === -1 ? undefined : place
}

const localsSetIn = (node: Node): string[] =>
  typeof node === 'string'
    ? []
    : [
        ...(node[0] === 'local.set' || node[0] === 'local.tee' ? [String(node[1])] : []),
        ...node.flatMap(localsSetIn),
      ]

const localsReadIn = (node: Node): string[] =>
  typeof node === 'string' ? [] : node[0] === 'local.get' ? [String(node[1])] : node.flatMap(localsReadIn)

/** By how much an address grows with the index; undefined where it also changes otherwise. Both wrap alike. */
function slopeOf(node: Node, index: string, changed: ReadonlySet<string>): number | undefined {
  if (typeof node === 'string') return undefined
  const [head, first, second] = node
  if (head === 'i32.const') return 0
  if (head === 'local.get') {
    if (first === index) return 1
    return changed.has(String(first)) ? undefined : 0
  }
  if (first === undefined || second === undefined) return undefined
  const [a, b] = [slopeOf(first, index, changed), slopeOf(second, index, changed)]
  if (a === undefined || b === undefined) return undefined
  if (head === 'i32.add') return a + b
  if (head === 'i32.sub') return a - b
  if (a === 0 && b === 0) return pure.has(String(head)) ? 0 : undefined
  const constant = typeof second !== 'string' && second[0] === 'i32.const' ? Number(second[1]) : undefined
  if (constant === undefined) return undefined
  if (head === 'i32.mul') return Math.imul(a, constant)
  return head === 'i32.shl' ? a << constant : undefined
}

/** Operations without effects that never trap. */
const pure: ReadonlySet<string> = new Set(['i32.add', 'i32.sub', 'i32.mul', 'i32.shl', 'i32.and', 'i32.or'])

/** So many instructions are worth less than a call, and so many calls of a loop less than its length. */
const mostInstructions = 64
const mostCalls = 4

/** The body with short functions in the place of their calls; `functionOf` gives a function by its name. */
export function withoutCalls(
  body: readonly Node[],
  functionOf: (name: string) => Node | undefined,
  locals: Locals,
): readonly Node[] {
  if (body.reduce((sum, node) => sum + callsIn(node), 0) > mostCalls) return body
  const visit = (node: Node): Node => {
    if (typeof node === 'string') return node
    const parts = node.map(visit)
    const [head, name, argument] = parts
    if (head !== 'call' || typeof name !== 'string' || argument === undefined) return parts
    const called = functionOf(name)
    const parameters = called === undefined ? [] : partsOf(called, 'param')
    if (called === undefined || parameters.length !== 1 || !isShort(called)) return parts
    return inPlace(name.slice(1), called, argument, locals)
  }
  return body.map(visit)
}

const isCall = (node: readonly Node[]): boolean => node[0] === 'call'

const callsIn = (node: Node): number =>
  typeof node === 'string' ? 0 : node.reduce((sum, part) => sum + callsIn(part), isCall(node) ? 1 : 0)

const instructionsIn = (node: Node): number =>
  typeof node === 'string' ? 0 : node.reduce((sum, part) => sum + instructionsIn(part), 1)

const isShort = (node: Node): boolean => callsIn(node) === 0 && instructionsIn(node) <= mostInstructions

const partsOf = (func: Node, kind: string): readonly (readonly Node[])[] =>
  typeof func === 'string'
    ? []
    : func.filter((part): part is readonly Node[] => typeof part !== 'string' && part[0] === kind)

/** A block that computes what the function does; its locals become those of the caller, under names of their own. */
function inPlace(name: string, func: Node, argument: Node, locals: Locals): Node {
  const names = new Map<Node, string>()
  for (const [, own, type] of [...partsOf(func, 'param'), ...partsOf(func, 'local')])
    names.set(String(own), locals.own(`${name}.${String(own).slice(1)}`, type as 'i32' | 'f32' | 'v128'))
  const [[, parameter] = []] = partsOf(func, 'param')
  const [result = []] = partsOf(func, 'result')
  const rename = (node: Node): Node =>
    typeof node === 'string' ? (names.get(node) ?? node) : node.map(rename)
  const statements = (typeof func === 'string' ? [] : func.slice(2)).filter(
    (part) => typeof part !== 'string' && !['param', 'result', 'local'].includes(String(part[0])),
  )
  return ['block', result, ['local.set', rename(parameter ?? ''), argument], ...statements.map(rename)]
}
