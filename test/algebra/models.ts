// Attentions made without the front end: features as expressions, everything else plain.
import type { AttentionModel } from '../../compiler/semantics/model.ts'
import {
  add,
  apply,
  constant,
  divide,
  dot,
  exp,
  multiply,
  negate,
  power,
  row,
  sqrt,
  subtract,
  variable,
} from '../../compiler/symbolic/build.ts'
import type { Expression } from '../../compiler/symbolic/expression.ts'

export const dim = 4
export const x = row('x', dim)
export const w = row('w', dim)

const plain = {
  name: 'sample',
  span: { start: 0, end: 0 },
  dim,
  valueDim: dim,
  scale: 0.25,
  mask: { kind: 'causal' },
  normalize: 'sum',
  epsilon: 0,
  stabilize: { kind: 'auto' },
} as const

export const count = 16

export function projected(blocks: readonly Expression[], more: Partial<AttentionModel> = {}): AttentionModel {
  return {
    ...plain,
    evaluation: 'factorised',
    feature: { name: 'sample', projected: true, query: blocks, key: blocks, features: count * blocks.length },
    projections: { count, coupling: 'orthogonal', fixedNorm: false, seed: 1 },
    ...more,
  }
}

export function unprojected(blocks: readonly Expression[]): AttentionModel {
  const sizes = blocks.map(({ type }) => (type.kind === 'vector' ? type.size : 1))
  const features = sizes.reduce((sum, size) => sum + size, 0)
  return {
    ...plain,
    evaluation: 'factorised',
    feature: { name: 'sample', projected: false, query: blocks, key: blocks, features },
  }
}

export const exact = (kernel: Expression): AttentionModel => ({ ...plain, evaluation: 'exact', kernel })

const u = dot(w, x)
const half = divide(dot(x, x), constant(2))
const angle = divide(
  multiply(constant(Math.PI), variable('position')),
  multiply(constant(2), variable('length')),
)

/** The features of the papers, and some that no paper has. */
export const features = {
  favor: projected([exp(subtract(u, half))]),
  hyperbolic: projected([
    divide(exp(subtract(u, half)), sqrt(constant(2))),
    divide(exp(subtract(negate(u), half)), sqrt(constant(2))),
  ]),
  trigonometric: projected([multiply(exp(half), apply('cos', u)), multiply(exp(half), apply('sin', u))]),
  fourier: projected([apply('cos', u), apply('sin', u)]),
  relu: projected([add(apply('relu', u), constant(1e-3))]),
  oprf: projected([
    multiply(
      constant(1.4 ** 1.5),
      exp(subtract(add(multiply(constant(-0.1), dot(w, w)), multiply(constant(Math.sqrt(1.4)), u)), half)),
    ),
  ]),
  favorPlusConstant: projected([add(exp(subtract(u, half)), constant(1e-3))]),
  elu1: unprojected([add(apply('elu', x), constant(1))]),
  identity: unprojected([x]),
  taylor2: unprojected([constant(1), x, divide(apply('outer', x, x), sqrt(constant(2)))]),
  cosformer: unprojected([
    multiply(apply('relu', x), apply('cos', angle)),
    multiply(apply('relu', x), apply('sin', angle)),
  ]),
  cosh: projected([apply('cosh', u), apply('sinh', u)]),
  exponentialOfRow: unprojected([exp(x)]),
  softmax: unprojected([apply('softmax', x)]),
  quartic: projected([power(u, 4)]),
  gaussian: unprojected([exp(negate(dot(x, x)))]),
  logistic: unprojected([divide(constant(1), add(constant(1), exp(negate(x)))), apply('softplus', x)]),
} as const satisfies Record<string, AttentionModel>
