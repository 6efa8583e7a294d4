// Features that do not estimate the kernel beside them, and how the verifier is to find out.

export interface WrongClaim {
  readonly what: string
  readonly text: string
  /** Where no proof is within reach, numbers show it; where they are not either, the estimates themselves must. */
  readonly by: 'proof' | 'numbers' | 'test'
}

const projected = (feature: string, kernel = 'exp(dot(q, k))', law = 'iid'): string => `
feature wrong(x, w) = ${feature}
attention one { dim: 4 kernel: ${kernel} feature: wrong projections: 8 ${law} seed 5 }`

const unprojected = (feature: string, kernel: string): string => `
feature wrong(x) = ${feature}
attention one { dim: 4 kernel: ${kernel} feature: wrong }`

const taylor = '1 + dot(q, k) + dot(q, k)^2 / 2'

export const wrongClaims: readonly WrongClaim[] = [
  { what: 'a half dropped', by: 'proof', text: projected('exp(dot(w, x) - dot(x, x))') },
  { what: 'the norm forgotten', by: 'proof', text: projected('exp(dot(w, x))') },
  { what: 'the norm with the wrong sign', by: 'proof', text: projected('exp(dot(w, x) + dot(x, x) / 2)') },
  {
    what: 'a factor one percent off',
    by: 'proof',
    text: projected('1.005 * exp(dot(w, x) - dot(x, x) / 2)'),
  },
  { what: 'an exponent one percent off', by: 'proof', text: projected('exp(dot(w, x) - 0.505 * dot(x, x))') },
  {
    what: 'hyperbolic without the root of two',
    by: 'proof',
    text: projected('[exp(dot(w, x) - dot(x, x) / 2), exp(-dot(w, x) - dot(x, x) / 2)]'),
  },
  { what: 'cosine without sine', by: 'proof', text: projected('exp(dot(x, x) / 2) * cos(dot(w, x))') },
  {
    what: 'trigonometric without its factor',
    by: 'proof',
    text: projected('[cos(dot(w, x)), sin(dot(w, x))]'),
  },
  {
    what: 'a query and a key of different features',
    by: 'proof',
    text: projected('query exp(dot(w, x) - dot(x, x) / 2) key exp(-dot(w, x) - dot(x, x) / 2)'),
  },
  {
    what: 'damped features with the factor of another damping',
    by: 'proof',
    text: projected('1.4^(dim / 4) * exp(-0.11 * dot(w, w) + sqrt(1.4) * dot(w, x) - dot(x, x) / 2)'),
  },
  {
    what: 'rows of fixed length, which estimate less',
    by: 'proof',
    text: projected('exp(dot(w, x) - dot(x, x) / 2)', 'exp(dot(q, k))', 'orthogonal fixed_norm'),
  },
  { what: 'a square without its half', by: 'proof', text: unprojected('[1, x, outer(x, x)]', taylor) },
  {
    what: 'a polynomial without its constant',
    by: 'proof',
    text: unprojected('[x, outer(x, x) / sqrt(2)]', taylor),
  },
  {
    what: 'rectified rows taken for their product',
    by: 'numbers',
    text: projected('relu(dot(w, x)) + 0.1', 'dot(q, k) / 2 + 0.1'),
  },
  {
    what: 'a squashed row taken for the row',
    by: 'numbers',
    text: projected('1 + tanh(dot(w, x))', '1 + dot(q, k)'),
  },
  {
    what: 'half of a product one percent off',
    by: 'numbers',
    text: projected('query relu(dot(w, x)) key dot(w, x)', 'dot(q, k) / 1.98', 'orthogonal'),
  },
  {
    what: 'rectified rows weighted by the length of the projection',
    by: 'test',
    text: projected('relu(dot(w, x)) * norm(w) + 0.1', 'dot(q, k) / 2 + 0.1'),
  },
  {
    what: 'a squashed row beside the entries of the projection',
    by: 'test',
    text: projected('1 + tanh(dot(w, x)) * maximum(w)', '1 + dot(q, k)'),
  },
]

export const rightClaims: readonly WrongClaim[] = [
  { what: 'positive features', by: 'proof', text: projected('exp(dot(w, x) - dot(x, x) / 2)') },
  {
    what: 'hyperbolic features, orthogonal',
    by: 'proof',
    text: projected(
      '[exp(dot(w, x) - dot(x, x) / 2) / sqrt(2), exp(-dot(w, x) - dot(x, x) / 2) / sqrt(2)]',
      'exp(dot(q, k))',
      'orthogonal',
    ),
  },
  {
    what: 'damped features, on a simplex',
    by: 'proof',
    text: projected(
      '1.4^(dim / 4) * exp(-0.1 * dot(w, w) + sqrt(1.4) * dot(w, x) - dot(x, x) / 2)',
      'exp(dot(q, k))',
      'simplex',
    ),
  },
  {
    what: 'trigonometric features',
    by: 'proof',
    text: projected('[exp(dot(x, x) / 2) * cos(dot(w, x)), exp(dot(x, x) / 2) * sin(dot(w, x))]'),
  },
  { what: 'rows as features', by: 'proof', text: projected('dot(w, x)', 'dot(q, k)') },
  { what: 'a polynomial', by: 'proof', text: unprojected('[1, x, outer(x, x) / sqrt(2)]', taylor) },
  {
    what: 'other features of the query than of the key',
    by: 'proof',
    text: projected(
      'query exp(2 * dot(w, x) - 2 * dot(x, x)) key exp(dot(w, x) / 2 - dot(x, x) / 8)',
      'exp(dot(q, k))',
    ),
  },
]
