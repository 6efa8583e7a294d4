/**
 * Kernels for tensors whose heads are always one behind the other: strides of the call are then sizes and constants,
 * and what is made of them folds.
 */
import type { StrideField } from '../../runtime/contract/shape.ts'
import { binary } from './fold.ts'
import type { Statement, Value } from './kernel.ts'
import { mapChildren, mapValues } from './walk.ts'

const number = (value: number): Value => ({ kind: 'number', type: 'u32', value })

const strides: Readonly<Record<StrideField, Value>> = {
  headStride: { kind: 'shape', field: 'length' },
  itemGap: number(0),
  rowStride: number(1),
  keyHeadStride: { kind: 'shape', field: 'keyLength' },
  keyItemGap: number(0),
  keyRowStride: number(1),
}

/** What values have become. Parts that a value has in several places stay one part, else each level would double. */
const known = new WeakMap<Value, Value>()

function value(of: Value): Value {
  const done = known.get(of) ?? withoutStrides(of)
  known.set(of, done)
  return done
}

function withoutStrides(of: Value): Value {
  if (of.kind === 'shape') return strides[of.field as StrideField] ?? of
  const inner = mapChildren(of, value)
  return inner.kind === 'binary' ? binary(inner.operator, inner.left, inner.right) : inner
}

/** The same value, or statement, without strides. */
export const packed = { value, statement: (of: Statement): Statement => mapValues(of, value) }
