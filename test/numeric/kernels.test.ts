// Exact attention with other kernels than exp(q·k), and with masks that are conditions.
import { someShapes } from './shapes.ts'
import { holdOnDevice } from './wide.ts'
import type { Subject } from './wide.ts'

const kernel = (expression: string, settings: string): Subject => ({
  spec: `attention a { kernel: ${expression} ${settings} }`,
  shapes: [...someShapes, { length: 70, keyLength: 33 }, { length: 33, batch: 2, lengths: [0, 32] }],
})

holdOnDevice({
  'a polynomial, in a window': kernel(
    '(1 + dot(q, k))^2 + 0.1',
    'dim: 8 scale: 1 / sqrt(dim) mask: i >= j && i - j < 5',
  ),
  'a Gaussian, in blocks and columns': kernel(
    'exp(-dot(q - k, q - k) / 2)',
    'dim: 8 mask: floor(i / 7) == floor(j / 7) || j % 11 == 3',
  ),
  'relu, near and at random': kernel(
    'relu(dot(q, k)) + 0.01',
    'dim: 7 value_dim: 40 mask: abs(i - j) <= 3 || random(i, j, 17) < 0.2 || j < 2',
  ),
  'the cosine, every third': kernel(
    'exp(4 * dot(q, k) / (norm(q) * norm(k)))',
    'dim: 5 value_dim: 3 mask: !(i < j) && (i - j) % 3 != 1',
  ),
  'Laplace, with the length': kernel(
    'exp(-norm(q - k))',
    'dim: 6 mask: max(i, j) - min(i, j) < length / 3 && random(floor(i / 3), floor(j / 5), 4) < 0.7',
  ),
  'Cauchy, causal': kernel('1 / (1 + dot(q - k, q - k))', 'dim: 6 mask: causal'),
  'two exponentials': kernel('exp(dot(q, k)) + exp(-dot(q, k) / 2)', 'dim: 6 scale: 1 / sqrt(dim)'),
  'an exponential with a factor': kernel(
    'sigmoid(dot(q, k)) * exp(dot(softmax(q), k))',
    'dim: 6 value_dim: 9 mask: causal',
  ),
  // Every level uses the one below several times over, in the condition or in the bounds of a tile.
  'a mask of nested remainders': kernel(
    'exp(dot(q, k))',
    'dim: 4 mask: ((((i % 7 * i + j) % 8 * i + j) % 5 * i + j) % 9 * j + i) % 6 < 4',
  ),
  'a mask of nested distances': kernel(
    'exp(dot(q, k))',
    'dim: 4 mask: abs(abs(abs(abs(abs(abs(i - j) - 19) - 9) - 4) - 2) - 1) <= min(i, 1)',
  ),
  'a mask of nested divisors': kernel(
    'exp(dot(q, k))',
    'dim: 4 mask: i % (j % (floor(i / (j % 5 - 2)) % 4 - 1) - 3) < 1 || j % 3 == 0',
  ),
  'the largest product': kernel('exp(maximum(q * k)) ', 'dim: 5 mask: j <= i + 2'),
})
