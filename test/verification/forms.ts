// Claims in forms that the prover was not made for: families of kernels, constants, couplings and widths.

/** One attention: its features, and what is said of them. */
export interface Form {
  readonly what: string
  readonly feature: string
  readonly kernel: string
  /** How many projections are drawn, and how; a feature of the row alone where absent. */
  readonly law?: string
  readonly dim?: number
}

const favor = '(x, w) = exp(dot(w, x) - dot(x, x) / 2)'
const fourier = (factor: string): string =>
  `(x, w) = [cos(${factor} * dot(w, x)), sin(${factor} * dot(w, x))]`
const damped = (constant: string, slope: string): string =>
  `(x, w) = ${constant}^(dim / 4) * exp(-dot(w, w) / 2 + ${slope} * dot(w, x) - dot(x, x) / 2)`
const asymmetric = (key: string): string => `(x, w) = query exp(3 * dot(w, x) - 9 * dot(x, x) / 2) key ${key}`
const shifted = '(x, w) = exp(dot(w, 2 * x + 1) - dot(2 * x + 1, 2 * x + 1) / 2)'
const temperate = '(x, w) = exp(dot(w, x) / sqrt(2.5) - dot(x, x) / 5)'
const hyperbolic = (name: string): string => `(x, w) = exp(-dot(x, x) / 2) * ${name}(dot(w, x))`

const softmax = 'exp(dot(q, k))'

export const trueForms: readonly Form[] = [
  {
    what: 'a square of a shifted product',
    feature: '(x) = [3/2, sqrt(3) * x, outer(x, x)]',
    kernel: '(dot(q, k) + 3/2)^2',
  },
  {
    what: 'a cube',
    feature: '(x) = [1, sqrt(3) * x, sqrt(3) * outer(x, x), outer(x, outer(x, x))]',
    kernel: '(1 + dot(q, k))^3',
  },
  {
    what: 'a square by Hermite polynomials of projections',
    feature: '(x, w) = [2, 2 * dot(w, x), (dot(w, x)^2 - dot(x, x)) / sqrt(2)]',
    kernel: '(dot(q, k) + 2)^2',
    law: '16',
  },
  { what: 'a wave', feature: '(x) = [cos(sum(x)), sin(sum(x))]', kernel: 'cos(sum(q) - sum(k))' },
  {
    what: 'a narrow Gaussian',
    feature: fourier('3'),
    kernel: 'exp(-9 * dot(q - k, q - k) / 2)',
    law: '8 orthogonal',
    dim: 7,
  },
  {
    what: 'a wide Gaussian of the distance',
    feature: fourier('0.5'),
    kernel: 'exp(-norm(q - k)^2 / 8)',
    law: '8 simplex',
  },
  {
    what: 'a query and a key of different lengths',
    feature: asymmetric('exp(dot(w, x) / 3 - dot(x, x) / 18)'),
    kernel: softmax,
    law: '8',
  },
  {
    what: 'waves against damped waves',
    feature:
      '(x, w) = query [cos(dot(w, x)), sin(dot(w, x))] key [exp(dot(x, x) / 2) * cos(dot(w, x)), exp(dot(x, x) / 2) * sin(dot(w, x))]',
    kernel: 'exp(dot(q, k) - dot(q, q) / 2)',
    law: '8',
  },
  {
    what: 'two estimators mixed',
    feature:
      '(x, w) = [sqrt(0.3) * exp(dot(w, x) - dot(x, x) / 2), sqrt(0.7) * exp(dot(x, x) / 2) * cos(dot(w, x)), sqrt(0.7) * exp(dot(x, x) / 2) * sin(dot(w, x))]',
    kernel: softmax,
    law: '8 orthogonal',
  },
  {
    what: 'a sum of kernels',
    feature: '(x, w) = [cos(dot(w, x)), sin(dot(w, x)), dot(w, x)]',
    kernel: 'exp(-dot(q - k, q - k) / 2) + dot(q, k)',
    law: '8',
  },
  { what: 'strong damping', feature: damped('3', 'sqrt(3)'), kernel: softmax, law: '8', dim: 6 },
  { what: 'cosh alone', feature: hyperbolic('cosh'), kernel: 'cosh(dot(q, k))', law: '8' },
  { what: 'sinh alone', feature: hyperbolic('sinh'), kernel: 'sinh(dot(q, k))', law: '8' },
  { what: 'a temperature', feature: temperate, kernel: 'exp(dot(q, k) / 2.5)', law: '8 hadamard', dim: 8 },
  {
    what: 'rows that are moved',
    feature: shifted,
    kernel: 'exp(4 * dot(q, k) + 2 * sum(q) + 2 * sum(k) + dim)',
    law: '8',
  },
  { what: 'a constant of every projection', feature: '(x, w) = 3', kernel: '9', law: '1' },
  {
    what: 'projections that cancel',
    feature: '(x, w) = exp(0 * dot(w, x) - dot(x, x))',
    kernel: 'exp(-dot(q, q) - dot(k, k))',
    law: '3',
  },
  { what: 'rows of one entry, one projection', feature: favor, kernel: softmax, law: '1', dim: 1 },
  {
    what: 'a polynomial before the exponential',
    feature: '(x, w) = dot(w, x) * exp(dot(w, x) - dot(x, x) / 2)',
    kernel: 'exp(dot(q, k)) * (dot(q, k) + (dot(q, q) + dot(q, k)) * (dot(q, k) + dot(k, k)))',
    law: '8',
  },
  {
    what: 'an outer product of different rows',
    feature: '(x) = outer(x, exp(x))',
    kernel: 'dot(q, k) * dot(exp(q), exp(k))',
    dim: 3,
  },
  {
    what: 'cubes of projections',
    feature: '(x, w) = dot(w, x)^3 / sqrt(15)',
    kernel: '(9 * dot(q, q) * dot(k, k) * dot(q, k) + 6 * dot(q, k)^3) / 15',
    law: '8',
    dim: 3,
  },
  {
    what: 'damping without its factor',
    feature: '(x, w) = exp(dot(w, x) - dot(w, w) / 4)',
    kernel: 'exp(dot(q + k, q + k) / 4) / 2',
    law: '8',
    dim: 2,
  },
  {
    what: 'a bump of the projection, with a determinant to an odd half',
    feature: '(x, w) = dot(w, x) * exp(-dot(w, x)^2)',
    kernel: 'dot(q, k) / ((1 + 2 * dot(q, q)) * (1 + 2 * dot(k, k)) - 4 * dot(q, k)^2)^1.5',
    law: '8',
    dim: 2,
  },
]

/** And what the feature estimates instead. */
export const falseForms: readonly (Form & { readonly estimates: string })[] = [
  {
    what: 'a square with a coefficient one percent off',
    feature: '(x) = [3/2, sqrt(2.97) * x, outer(x, x)]',
    kernel: '(dot(q, k) + 3/2)^2',
    estimates: '2.97 * dot(q, k) + dot(q, k)^2 + 9 / 4',
  },
  {
    what: 'a Hermite polynomial with the wrong norm',
    feature: '(x, w) = [2, 2 * dot(w, x), (dot(w, x)^2 - dot(x, x)) / 2]',
    kernel: '(dot(q, k) + 2)^2',
    law: '16',
    estimates: '4 * dot(q, k) + dot(q, k)^2 / 2 + 4',
  },
  {
    what: 'a sum for a difference',
    feature: '(x) = [cos(sum(x)), sin(sum(x))]',
    kernel: 'cos(sum(q) + sum(k))',
    estimates: 'cos(sum(q) - sum(k))',
  },
  {
    what: 'a Gaussian without its half',
    feature: fourier('3'),
    kernel: 'exp(-9 * dot(q - k, q - k))',
    law: '8 orthogonal',
    estimates: 'exp(9 * dot(q, k) - 9 * dot(q, q) / 2 - 9 * dot(k, k) / 2)',
  },
  {
    what: 'a Gaussian one percent too narrow',
    feature: fourier('3'),
    kernel: 'exp(-4.545 * dot(q - k, q - k))',
    law: '8',
    estimates: 'exp(9 * dot(q, k) - 9 * dot(q, q) / 2 - 9 * dot(k, k) / 2)',
  },
  {
    what: 'a key with the norm of another',
    feature: asymmetric('exp(dot(w, x) / 3 - dot(x, x) / 9)'),
    kernel: softmax,
    law: '8',
    estimates: 'exp(dot(q, k) - dot(k, k) / 18)',
  },
  {
    what: 'a query paired with the wrong key',
    feature: asymmetric('exp(dot(w, x) / 2 - dot(x, x) / 8)'),
    kernel: softmax,
    law: '8',
    estimates: 'exp(3 * dot(q, k) / 2)',
  },
  {
    what: 'damping by the square of its factor',
    feature: damped('9', 'sqrt(3)'),
    kernel: softmax,
    law: '8',
    dim: 6,
    estimates: '27 * exp(dot(q, k))',
  },
  {
    what: 'damping with a slope one percent off',
    feature: damped('3', '1.715'),
    kernel: softmax,
    law: '8',
    estimates:
      'exp(0.980408333333 * dot(q, k) - 0.00979583333333 * dot(q, q) - 0.00979583333333 * dot(k, k))',
  },
  {
    what: 'cosh for exp',
    feature: hyperbolic('cosh'),
    kernel: softmax,
    law: '8',
    estimates: 'exp(dot(q, k)) / 2 + exp(-dot(q, k)) / 2',
  },
  {
    what: 'a temperature one percent off',
    feature: temperate,
    kernel: 'exp(dot(q, k) / 2.475)',
    law: '8',
    estimates: 'exp(2 * dot(q, k) / 5)',
  },
  {
    what: 'a constant of one percent added',
    feature: favor,
    kernel: `${softmax} + 0.01`,
    law: '8',
    estimates: softmax,
  },
  {
    what: 'the wrong sign of the product',
    feature: favor,
    kernel: 'exp(-dot(q, k))',
    law: '8',
    estimates: softmax,
  },
  {
    what: 'an expectation that does not exist',
    feature: '(x, w) = exp(0.3 * dot(w, w) + dot(w, x))',
    kernel: softmax,
    law: '8',
    estimates: 'nothing: the expectation diverges',
  },
  {
    what: 'places that are forgotten',
    feature: '(x) = [relu(x) * cos(pi * position / length), relu(x) * sin(pi * position / length)]',
    kernel: 'dot(relu(q), relu(k))',
    estimates: 'dot(relu(q), relu(k)) * cos(pi * i / length - pi * j / length)',
  },
  {
    what: 'a constant half a percent off',
    feature: '(x, w) = 3.01',
    kernel: '9',
    law: '1',
    estimates: '9.0601',
  },
  {
    what: 'rows that are moved by other amounts',
    feature: shifted,
    kernel: 'exp(4 * dot(q, k) + 2 * sum(q) + 1.98 * sum(k) + dim)',
    law: '8',
    estimates: '54.5981500331 * exp(4 * dot(q, k) + 2 * sum(q) + 2 * sum(k))',
  },
  {
    what: 'a determinant to a power one percent off',
    feature: '(x, w) = exp(-dot(w, x)^2 / 2)',
    kernel: '((1 + dot(q, q)) * (1 + dot(k, k)) - dot(q, k)^2)^-0.505',
    law: '8',
    estimates: '1 / sqrt(dot(q, q) * dot(k, k) + dot(q, q) + dot(k, k) + 1 - dot(q, k)^2)',
  },
]

export const attentionOf = ({ feature, kernel, law, dim = 4 }: Form): string =>
  `feature form${feature}
attention one { dim: ${dim} kernel: ${kernel} feature: form ${law === undefined ? '' : `projections: ${law} seed 5`} }`
