// Bodies of features and of kernels, as a person would write them; what is simplest stands first, and shrinks to itself.
import * as fc from 'fast-check'

export type Text = fc.Arbitrary<string>

const constant = fc.constantFrom('1', '0.5', '2', '0.25', '1.5', '3', 'pi / 4', '1 / dim')
const bounded = fc.constantFrom('tanh', 'sin', 'cos', 'sigmoid')
const unbounded = fc.constantFrom('relu', 'abs', 'elu', 'silu', 'gelu', 'softplus')
const onEntries = fc.oneof(bounded, unbounded)

/** One of several templates, whose parts are arbitraries; a part may be left out of the text. */
function written(...parts: readonly [(...texts: string[]) => string, ...Text[]][]): Text[] {
  return parts.map(([write, ...texts]) => fc.tuple(...texts).map((values) => write(...values)))
}

const choice = (maxDepth: number, ...texts: Text[]): Text =>
  fc.oneof({ maxDepth, depthSize: 'small', withCrossShrink: true }, ...texts)

/** Vectors and scalars of one row `x`; with the row's position where asked for. */
export function ofRow(positions: boolean): { vector: Text; scalar: Text } {
  return fc.letrec<{ vector: string; scalar: string }>((tie) => {
    const [vector, scalar] = [tie('vector'), tie('scalar')]
    const place = fc.constantFrom(
      'cos(pi * position / (2 * length))',
      'sin(pi * position / (2 * length))',
      'exp(-position / 8)',
      '(position + 1) / length',
      '1 / length',
      'position / 16',
    )
    return {
      vector: choice(
        3,
        fc.constant('x'),
        ...written(
          [(f, v) => `${f}(${v})`, onEntries, vector],
          [(f, v) => `${f}(${v}) + 1`, fc.constantFrom('elu', 'tanh', 'relu'), vector],
          [(v, c) => `(${v}) * ${c}`, vector, constant],
          [(v, c) => `(${v}) + ${c}`, vector, constant],
          [(v, s) => `(${v}) * ${s}`, vector, scalar],
          [(v, u) => `(${v}) * (${u})`, vector, vector],
          [(v) => `(${v})^2`, vector],
          [(v) => `softmax(${v})`, vector],
          [(v) => `sqrt(abs(${v}) + 0.1)`, vector],
          [(v) => `log(abs(${v}) + 1)`, vector],
          [(v) => `exp(${v} - maximum(${v}))`, fc.constantFrom('x', 'x / 2')],
          [(v) => v, fc.constantFrom('exp(x)', 'exp(x / 2)', 'exp(-x * x / 2)', 'exp(-x)')],
          [(f, v, c) => `${f}(${v}, ${c})`, fc.constantFrom('min', 'max'), vector, constant],
          [(v) => `(${v}) / (1 + norm(${v}))`, vector],
          [(v) => `-(${v})`, vector],
        ),
      ),
      scalar: choice(
        3,
        constant,
        ...(positions ? [place, place] : []),
        ...written(
          [(f, v) => `${f}(${v})`, fc.constantFrom('sum', 'mean', 'norm', 'maximum'), vector],
          [(v, u) => `dot(${v}, ${u})`, vector, vector],
          [(f, s) => `${f}(${s})`, bounded, scalar],
          [(s) => `exp(${s})`, fc.constantFrom('-dot(x, x) / 2', 'mean(x)', '-norm(x)')],
          [(s) => `1 / (1 + abs(${s}))`, scalar],
        ),
      ),
    }
  })
}

/** Scalars of a row `x` and a projection `w`. */
export function ofProjection(positions: boolean): Text {
  const { vector, scalar } = ofRow(positions)
  return fc.letrec<{ projected: string }>((tie) => {
    const projected = tie('projected')
    return {
      projected: choice(
        3,
        fc.constant('dot(w, x)'),
        ...written(
          [
            (e) => `exp(${e})`,
            fc.constantFrom('dot(w, x) - dot(x, x) / 2', 'dot(w, x)', 'dot(w, x) / 2 - norm(x)'),
          ],
          [(f) => `${f}(dot(w, x))`, fc.constantFrom('sinh', 'cosh', 'exp')],
          [(v) => `dot(w, ${v})`, vector],
          [(f, p) => `${f}(${p})`, onEntries, projected],
          [(f, p) => `${f}(${p}) + 0.001`, fc.constantFrom('relu', 'abs', 'sigmoid'), projected],
          [(p, c) => `(${p}) * ${c}`, projected, constant],
          [(p, s) => `(${p}) * ${s}`, projected, scalar],
          [(p, c) => `(${p}) + ${c}`, projected, constant],
          [(p) => `(${p})^2`, projected],
          [(f, p, c) => `${f}(${p}, ${c})`, fc.constantFrom('min', 'max'), projected, constant],
          [
            (s) => s,
            fc.constantFrom('sum(relu(w * x))', 'maximum(w * x)', 'mean(abs(w - x))', 'norm(w + x)'),
          ],
        ),
      ),
    }
  }).projected
}

/** Scalars of a query `q` and a key `k`. */
export const kernels: Text = (() => {
  const product = fc.constantFrom(
    'dot(q, k)',
    'dot(q, k) / 2',
    'mean(q * k)',
    'dot(tanh(q), k)',
    'dot(softmax(q), k)',
    'sum(relu(q) * k)',
    'maximum(q + k)',
    '-norm(q - k)',
    '-dot(q - k, q - k) / 2',
    'dot(q, k) - norm(k)',
    'dot(q - 2 * k, abs(k))',
  )
  return fc.oneof(
    { withCrossShrink: true },
    ...written(
      [(b) => `exp(${b})`, product],
      [(b) => `exp(${b})`, product],
      [(b) => `exp(${b}) + 0.5`, product],
      [(b) => `exp(${b}) * sigmoid(${b})`, product],
      [(b, c) => `exp(${b}) + exp(${c})`, product, product],
      [(b) => `1 / (1 + (${b})^2)`, product],
      [
        (f, b) => `${f}(${b})`,
        fc.constantFrom('sigmoid', 'softplus', 'cosh', 'abs', 'relu', 'gelu'),
        product,
      ],
      [(f, b) => `${f}(${b}) + 1.5`, fc.constantFrom('tanh', 'sin', 'cos', 'silu', 'elu', 'gelu'), product],
      [(b) => `elu(${b}) + 1`, product],
      [(b) => `(${b})^2 + 0.1`, product],
      [(b) => `sqrt(1 + (${b})^2)`, product],
      [(b) => `log(2 + abs(${b}))`, product],
      [(f, b) => `${f}(${b}, 0.5)`, fc.constantFrom('min', 'max'), product],
    ),
  )
})()

/** Conditions in `i`, `j` and `length`. */
export const conditions: Text = fc.letrec<{ condition: string }>((tie) => {
  const condition = tie('condition')
  const integer = fc.integer({ min: 1, max: 40 }).map(String)
  const few = fc.integer({ min: 2, max: 7 }).map(String)
  return {
    condition: choice(
      2,
      fc.constant('i >= j'),
      ...written(
        [(n) => `i >= j && i - j < ${n}`, integer],
        [(n) => `abs(i - j) <= ${n}`, integer],
        [(n, m) => `i - j < ${n} && j - i <= ${m}`, integer, integer],
        [(n) => `floor(i / ${n}) == floor(j / ${n})`, integer],
        [(n, m) => `(i - j) % ${n} == 0 || j < ${m}`, few, few],
        [(n, s) => `random(floor(i / ${n}), floor(j / ${n}), ${s}) < 0.5`, few, integer],
        [(s) => `random(i, j, ${s}) < 0.25`, integer],
        [(n) => `j < length - ${n}`, integer],
        [(n) => `min(i, j) < ${n} || max(i, j) >= length - 2`, few],
        [(n) => `i % j != ${n}`, few],
        [(n) => `2 * i + j > ${n}`, integer],
        [(c) => `!(${c})`, condition],
        [(c, d) => `(${c}) && (${d})`, condition, condition],
        [(c, d) => `(${c}) || (${d})`, condition, condition],
      ),
    ),
  }
}).condition
