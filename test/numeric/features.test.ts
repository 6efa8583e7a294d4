// Feature maps that are in no paper: whatever the language can say is compiled from the one expression.
import { normals } from './harness.ts'
import { someShapes } from './shapes.ts'
import { holdOnDevice } from './wide.ts'
import type { Subject } from './wide.ts'

const shapes = someShapes

const feature = (declaration: string, settings: string): Subject => ({
  spec: `feature f${declaration} attention a { feature: f ${settings} }`,
  shapes,
})

holdOnDevice({
  'functions in functions': feature(
    '(x) = softplus(tanh(x) * sigmoid(x + silu(x))) + gelu(abs(x)) / (1 + relu(x))',
    'dim: 8 mask: causal',
  ),
  'softmax of a row': feature('(x) = softmax(2 * x)', 'dim: 9 mask: causal'),
  'a row over its norm': feature('(x) = [1.5, x / norm(x)]', 'dim: 6 value_dim: 5'),
  'outer products': feature('(x) = [0.1, outer(relu(x), softmax(x))]', 'dim: 5 value_dim: 40 mask: causal'),
  'the largest entry': feature('(x) = exp(x - maximum(x)) + 0.01', 'dim: 7 mask: causal'),
  'one scalar': feature('(x) = 1 + sum(x)^2 + abs(mean(x))', 'dim: 4'),
  'minimum and maximum': feature('(x) = max(min(x, 1), -1) + 1.5', 'dim: 8 mask: causal'),
  'roots, logarithms and powers': feature(
    '(x) = [sqrt(abs(x) + 1), log(2 + x^2), (1 + x^2)^-1.5, x^4 / (1 + x^4)]',
    'dim: 6',
  ),
  positions: feature(
    '(x) = [sigmoid(x) * (1 + cos(pi * position / length)), exp(x * position / length)]',
    'dim: 6 mask: causal',
  ),
  'exponents that are squares': feature('(x) = exp(-(x - 0.5)^2)', 'dim: 6 mask: causal'),
  'hyperbolic cosines': feature('(x) = cosh(x / 2)', 'dim: 6 mask: causal'),
  'exponentials with factors': feature('(x) = [(1 + x^2) * exp(x), 0.5]', 'dim: 5 mask: causal'),
  'several blocks of projections': feature(
    '(x, w) = [exp(dot(w, x) - dot(x, x) / 2), relu(dot(w, x)), sigmoid(dot(w, x) + norm(x)), 0.1]',
    'dim: 8 scale: 1 / sqrt(dim) projections: 19 mask: causal',
  ),
  'query and key apart': feature(
    '(x, w) = query exp(dot(w, x) - dot(x, x) / 2) key relu(dot(w, x)) / (1 + norm(w)) + 0.01',
    'dim: 8 scale: 1 / sqrt(dim) projections: 19 iid seed 3 mask: causal',
  ),
  'query and key apart, unprojected': feature(
    '(x) = query [softmax(x), 1] key [exp(x), 0.1]',
    'dim: 6 value_dim: 9',
  ),
  'exponents over norms': feature('(x, w) = exp(2 * dot(w, x) / norm(x))', 'dim: 8 projections: 33'),
  'a matrix of the caller’s': {
    ...feature('(x, w) = exp(dot(w, x))', 'dim: 6 scale: 1 / sqrt(dim) projections: 21 mask: causal'),
    projection: normals(21 * 6, 77, 0.7),
  },
})
