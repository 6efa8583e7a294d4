// Features that are the kernel's wherever a test of kernels goes, and another's beyond; and some that are right there, too.

export interface FarClaim {
  readonly what: string
  readonly text: string
}

const projected = (feature: string, kernel: string): string => `
feature far(x, w) = ${feature}
attention one { dim: 4 kernel: ${kernel} feature: far projections: 8 seed 5 }`

const unprojected = (feature: string, kernel = 'dot(q, k)'): string => `
feature far(x) = ${feature}
attention one { dim: 4 kernel: ${kernel} feature: far }`

const wrong: Readonly<Record<string, string>> = {
  'more of an entry beyond 50': unprojected('x + relu(x - 50)'),
  'more of an entry below -50': unprojected('x - relu(-x - 50)'),
  'entries up to 50': unprojected('min(x, 50)'),
  'entries down to -50': unprojected('max(x, -50)'),
  'entries within 60': unprojected('(abs(x + 60) - abs(x - 60)) / 2'),
  'more of a magnitude beyond 51': unprojected('x + relu(abs(x) - 51)'),
  'a kernel up to 400': unprojected('x', 'min(dot(q, k), 400)'),
  'a kernel without an end': unprojected('[1, min(x, 1000)]', '1 + dot(q, k)'),
  'a largest entry beyond 50': unprojected('x * (1 + relu(maximum(x) - 50))'),
  'places beyond 100': unprojected('x * (1 + relu(position - 100))'),
  'places up to 3000': unprojected('x * (1 + relu(position - 3000))'),
  'lengths beyond 3000': unprojected('x * (1 + relu(length - 3000))'),
  'lengths up to 3000': unprojected('x * min(1, 3000 / length)'),
  'a projected entry beyond 50': projected('dot(w, x + relu(x - 50))', 'dot(q, k)'),
  'a projected entry up to 50, integrated': projected(
    'query relu(dot(w, min(x, 50))) key dot(w, x)',
    'dot(q, k) / 2',
  ),
  'a projected place beyond 100': projected('dot(w, x) * (1 + relu(position - 100))', 'dot(q, k)'),
  'a projected place beyond 100, integrated': projected(
    'query relu(dot(w, x)) * (1 + relu(position - 100)) key dot(w, x)',
    'dot(q, k) / 2',
  ),
  'a projected length beyond 3000, integrated': projected(
    'query relu(dot(w, x)) * (1 + relu(length - 3000)) key dot(w, x)',
    'dot(q, k) / 2',
  ),
}

const right: Readonly<Record<string, string>> = {
  'two halves of an entry': unprojected('relu(x) - relu(-x)'),
  'an entry from its magnitude': unprojected('max(x, 0) + min(x, 0)'),
  'kernels that lose their digits': unprojected('log(1 + exp(x)) - log(1 + exp(-x))'),
  'places that cancel': unprojected('x * (relu(position) + 1) / (1 + position)'),
  'half of a product': projected('query relu(dot(w, x)) key dot(w, x)', 'dot(q, k) / 2'),
}

const listed = (claims: Readonly<Record<string, string>>): readonly FarClaim[] =>
  Object.entries(claims).map(([what, text]) => ({ what, text }))

export const wrongFar = listed(wrong)
export const rightFar = listed(right)

/** E[max(w)² w₁²] for four normal entries is 2.55…: what is claimed is 1.6% off, and no integral here tells. */
export const throughMaximum = projected('dot(w, x) * maximum(w)', '2.55 * dot(q, k)')
