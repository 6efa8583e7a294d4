/** Transcendental functions and the activations of the papers. */
import { erf, gelu, sigmoid, softplus } from '../special.ts'
import { elementwise } from './operator.ts'
import type { ScalarOperator } from './operator.ts'

export const functions = {
  exp: { type: elementwise(1), value: Math.exp },
  log: { type: elementwise(1), value: Math.log },
  sqrt: { type: elementwise(1), value: Math.sqrt },
  sin: { type: elementwise(1), value: Math.sin },
  cos: { type: elementwise(1), value: Math.cos },
  tanh: { type: elementwise(1), value: Math.tanh },
  sinh: { type: elementwise(1), value: Math.sinh },
  cosh: { type: elementwise(1), value: Math.cosh },
  erf: { type: elementwise(1), value: erf },
  relu: { type: elementwise(1), value: (x) => Math.max(x, 0) },
  /** x for x > 0, else exp(x) − 1. */
  elu: { type: elementwise(1), value: (x) => (x > 0 ? x : Math.expm1(x)) },
  /** x·Φ(x), the exact form. */
  gelu: { type: elementwise(1), value: gelu },
  sigmoid: { type: elementwise(1), value: sigmoid },
  /** x·sigmoid(x). */
  silu: { type: elementwise(1), value: (x) => (x === -Infinity ? 0 : x * sigmoid(x)) },
  softplus: { type: elementwise(1), value: softplus },
} satisfies Record<string, ScalarOperator>
