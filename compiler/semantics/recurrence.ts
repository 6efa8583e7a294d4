/**
 * An update as it is written, brought into the one form that chunks, scans and steps are made from:
 *
 *     S ← D∘S + Σ_n x_n y_nᵀ + Σ_m x_m (c_m ∘ a_mᵀS)ᵀ
 *
 * D scales S as a whole or by rows, x and a are vectors of features, y and c of value_dim (c may be a scalar), and none
 * of them sees S. What is not affine in S has no such form.
 */
import { add, apply, constant, multiply } from '../symbolic/build.ts'
import type { Expression } from '../symbolic/expression.ts'
import { traverse } from '../symbolic/traverse.ts'
import type { UpdateModel } from './model.ts'

/** A part of an update that keeps it from being affine in S, and why. */
export interface NotAffine {
  readonly part: Expression
  readonly why: 'a scale that reads S' | 'a row that reads S' | 'a value that is not affine in what it reads'
}

/** The normal form of an expression of type state. */
export function normalForm(written: Expression): UpdateModel | NotAffine {
  const scales: Expression[] = []
  const writes: { x: Expression; y: Expression }[] = []
  const reads: { x: Expression; by: Expression; a: Expression }[] = []
  let wrong: NotAffine | undefined
  const fail = (part: Expression, why: NotAffine['why']): void => {
    wrong ??= { part, why }
  }
  const walk = (node: Expression, factor: Expression): void => {
    if (node.kind === 'variable') scales.push(factor)
    if (node.kind !== 'apply') return
    const [a, b] = node.args
    if (a === undefined) return
    switch (node.operator) {
      case 'add':
      case 'subtract':
        walk(a, factor)
        if (b !== undefined) walk(b, node.operator === 'add' ? factor : times(constant(-1), factor))
        return
      case 'negate':
        return walk(a, times(constant(-1), factor))
      case 'multiply':
      case 'divide': {
        if (b === undefined) return
        const [state, scale] = a.type.kind === 'state' ? [a, b] : [b, a]
        if (seesState(scale)) fail(scale, 'a scale that reads S')
        const own = node.operator === 'divide' ? apply('divide', constant(1), scale) : scale
        return walk(state, times(own, factor))
      }
    }
    if (b === undefined) return
    if (seesState(a)) fail(a, 'a row that reads S')
    const affine = affineInReads(b)
    if (affine === undefined) return fail(b, 'a value that is not affine in what it reads')
    const x = times(factor, a)
    if (affine.constant !== undefined) writes.push({ x, y: affine.constant })
    for (const [read, by] of affine.reads)
      if (read.kind === 'apply' && read.args[0] !== undefined) reads.push({ x, by, a: read.args[0] })
  }
  walk(written, constant(1))
  if (wrong !== undefined) return wrong
  return { written, scale: scales.length === 0 ? constant(0) : add(...scales), writes, reads }
}

/** Whether an expression is a read of S, or holds one. */
export const seesState = (expression: Expression): boolean => traverse(expression).some(isRead)

const isRead = (node: Expression): boolean => node.kind === 'apply' && node.operator === 'read'

/** A sum of what reads nothing, and of reads, each by a factor that reads nothing. */
interface Affine {
  readonly constant?: Expression
  readonly reads: ReadonlyMap<Expression, Expression>
}

function affineInReads(node: Expression): Affine | undefined {
  if (isRead(node)) return { reads: new Map([[node, constant(1)]]) }
  if (!seesState(node)) return { constant: node, reads: new Map() }
  if (node.kind !== 'apply') return undefined
  const [a, b] = node.args
  if (a === undefined) return undefined
  switch (node.operator) {
    case 'negate':
      return scaled(affineInReads(a), constant(-1))
    case 'add':
    case 'subtract':
      return b && sum(affineInReads(a), scaled(affineInReads(b), constant(node.operator === 'add' ? 1 : -1)))
    case 'multiply':
      if (b === undefined || (seesState(a) && seesState(b))) return undefined
      return seesState(a) ? scaled(affineInReads(a), b) : scaled(affineInReads(b), a)
    case 'divide':
      return b === undefined || seesState(b)
        ? undefined
        : scaled(affineInReads(a), apply('divide', constant(1), b))
  }
  return undefined
}

function scaled(part: Affine | undefined, by: Expression): Affine | undefined {
  return (
    part && {
      ...(part.constant && { constant: times(by, part.constant) }),
      reads: new Map([...part.reads].map(([read, factor]) => [read, times(by, factor)])),
    }
  )
}

function sum(a: Affine | undefined, b: Affine | undefined): Affine | undefined {
  if (a === undefined || b === undefined) return undefined
  const reads = new Map(a.reads)
  for (const [read, factor] of b.reads) {
    const before = reads.get(read)
    reads.set(read, before === undefined ? factor : apply('add', before, factor))
  }
  const constants = [a.constant, b.constant].flatMap((one) => one ?? [])
  return { ...(constants.length > 0 && { constant: add(...constants) }), reads }
}

const isOne = (expression: Expression): boolean => expression.kind === 'constant' && expression.value === 1

const times = (a: Expression, b: Expression): Expression => (isOne(a) ? b : isOne(b) ? a : multiply(a, b))
