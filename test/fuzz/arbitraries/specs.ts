// Valid attentions: everything the language has, in every combination that it allows, at small sizes.
import * as fc from 'fast-check'
import { conditions, kernels, ofProjection, ofRow } from './expressions.ts'
import type { Text } from './expressions.ts'

/** The text of a file with one attention, called `a`, and what a call of it has to know. */
export interface Spec {
  readonly text: string
  readonly dim: number
  readonly valueDim: number
  /** Run-time weights: rows a head and their width. */
  readonly weights: Readonly<Record<string, { readonly rows: number; readonly width: number }>>
  /** Rows are keys. */
  readonly bucketed: boolean
  /** Only rows of usual size are right in f32, as where it evaluates as written. */
  readonly usual: boolean
}

/** More than any call has. */
export const longest = 100

type Settings = readonly string[]

interface Way {
  readonly declarations?: string
  readonly settings: Settings
  readonly weights?: Spec['weights']
  readonly bucketed?: boolean
}

const setting = (name: string, values: Text): Text => values.map((value) => `${name}: ${value}`)
/** Absent, or with one of the values. */
const perhaps = (name: string, values: Text): fc.Arbitrary<Settings> =>
  fc.option(setting(name, values), { nil: undefined }).map((line) => (line === undefined ? [] : [line]))
const allOf = (...settings: fc.Arbitrary<Settings>[]): fc.Arbitrary<Settings> =>
  fc.tuple(...settings).map((lists) => lists.flat())

const blocks = (block: Text): Text =>
  fc.oneof(
    { withCrossShrink: true },
    block,
    fc.array(block, { minLength: 1, maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
  )

/** Sides of their own have equally many features: blocks of one kind in the same places. */
const pair = (block: Text): Text =>
  fc
    .array(fc.tuple(block, block), { minLength: 1, maxLength: 2 })
    .map((items) => `query [${items.map(([q]) => q).join(', ')}] key [${items.map(([, k]) => k).join(', ')}]`)

const projections = fc
  .tuple(
    fc.integer({ min: 1, max: 19 }),
    fc.constantFrom('', ' orthogonal', ' hadamard', ' simplex', ' iid'),
    fc.constantFrom('', ' fixed_norm'),
    fc.integer({ min: 0, max: 9 }),
  )
  .map(([count, law, norm, seed]) => `${count}${law}${norm} seed ${seed}`)

const masks = {
  linear: perhaps('mask', fc.constantFrom('causal', 'none')),
  any: perhaps('mask', fc.oneof(fc.constantFrom('causal', 'causal', 'none'), conditions)),
}

const decays = fc.constantFrom(
  '0.9',
  '1 - 2^(-2 - head)',
  '1 - 2^(-5 - head)',
  '0.99',
  '0.5',
  '0.2',
  '1 / (2 + head)',
  '0.05',
)

const weighing = fc.oneof(
  fc.constant<Settings>([]),
  setting('epsilon', fc.constantFrom('0.1', '1e-6')).map((line) => [line]),
  fc.constant<Settings>(['normalize: none']),
)

/** γ needs a causal mask. */
const decaying = decays.map((decay): Settings => ['mask: causal', `decay: ${decay}`])

const causality = fc.oneof({ weight: 2, arbitrary: masks.linear }, { weight: 1, arbitrary: decaying })

/** The logarithm of a weight beside those of keys. */
const sinks = perhaps('sink', fc.constantFrom('0', '-1.5', '3 - head', 'log(head + 1)'))

const asWritten = perhaps('stabilize', fc.constantFrom('auto', 'none'))

const unprojected = fc.boolean().chain((positions): fc.Arbitrary<Way> => {
  const { vector, scalar } = ofRow(positions)
  const block = fc.oneof(
    { withCrossShrink: true },
    vector,
    scalar,
    vector.map((v) => `outer(x, ${v})`),
  )
  const body = fc.oneof({ withCrossShrink: true }, blocks(block), pair(vector))
  const known = fc.constantFrom('identity', 'elu1', 'relu1', 'taylor2', 'cosformer')
  const declared = fc.oneof(
    { withCrossShrink: true },
    known.map((name) => ({ name, declarations: '' })),
    body.map((text) => ({ name: 'f', declarations: `feature f(x) = ${text}\n` })),
    body.map((text) => ({ name: 'f', declarations: `feature f(x) = ${text}\n` })),
  )
  return fc
    .tuple(declared, allOf(causality, weighing, asWritten))
    .map(([{ name, declarations }, settings]) => ({
      declarations,
      settings: [`feature: ${name}`, ...settings],
    }))
})

const projected = fc.boolean().chain((positions): fc.Arbitrary<Way> => {
  const block = ofProjection(positions)
  const known = fc.constantFrom(
    'favor',
    'favor_hyperbolic',
    'favor_trigonometric',
    'gaussian_fourier',
    'relu_features',
  )
  const body = fc.oneof({ withCrossShrink: true }, blocks(block), pair(block))
  const declared = fc.oneof(
    { withCrossShrink: true },
    known.map((name) => ({ name, declarations: '' })),
    body.map((text) => ({ name: 'f', declarations: `feature f(x, w) = ${text}\n` })),
    body.map((text) => ({ name: 'f', declarations: `feature f(x, w) = ${text}\n` })),
  )
  return fc
    .tuple(declared, projections, allOf(causality, weighing, asWritten))
    .map(([{ name, declarations }, rows, settings]) => ({
      declarations,
      settings: [`feature: ${name}`, `projections: ${rows}`, ...settings],
    }))
})

/** As published code has it: a maximum subtracted and a number added. */
const byMaxima = fc
  .tuple(
    fc.constantFrom(
      'exp(dot(w, x) - dot(x, x) / 2)',
      '[exp(dot(w, x) - dot(x, x) / 2), exp(-dot(w, x) - dot(x, x) / 2)]',
      'exp(dot(w, x) - norm(x)) * 2 + 0.1',
      '[exp(dot(w, x) / 2), exp(-mean(x))]',
    ),
    projections,
    fc.constantFrom('1e-4', '0.01'),
    allOf(perhaps('mask', fc.constantFrom('causal')), weighing),
  )
  .map(([body, rows, epsilon, settings]): Way => ({
    declarations: `feature f(x, w) = ${body}\n`,
    settings: ['feature: f', `projections: ${rows}`, `stabilize: max ${epsilon}`, ...settings],
  }))

const kernel = setting('kernel', kernels)

const exact = fc
  .tuple(
    kernel,
    allOf(
      fc.oneof({ weight: 3, arbitrary: masks.any }, { weight: 1, arbitrary: decaying }),
      weighing,
      asWritten,
      sinks,
    ),
  )
  .map(([line, settings]): Way => ({ settings: [line, ...settings] }))

const throughLandmarks = fc
  .tuple(
    setting(
      'kernel',
      fc.constantFrom(
        'exp(dot(q, k))',
        'exp(-norm(q - k))',
        'sigmoid(dot(q, k))',
        '1 / (1 + dot(q - k, q - k))',
      ),
    ),
    fc.integer({ min: 1, max: 5 }),
    fc.constantFrom('segment_means', 'learned', 'learned twice'),
    perhaps('pinv', fc.constantFrom('1', '2', '6')),
    fc.option(fc.constantFrom(3, 5), { nil: undefined }),
  )
  .map(([line, count, source, pinv, conv]) => (dim: number): Way => ({
    settings: [
      line,
      `landmarks: ${count} ${source === 'segment_means' ? source : 'learned'}`,
      ...pinv,
      ...(conv === undefined ? [] : [`conv: ${conv}`]),
    ],
    weights: {
      ...(conv !== undefined && { conv: { rows: 1, width: conv } }),
      ...(source !== 'segment_means' && { landmarks: { rows: count, width: dim } }),
      ...(source === 'learned twice' && { queryLandmarks: { rows: count, width: dim } }),
    },
  }))

const compressed = fc
  .tuple(kernel, fc.integer({ min: 1, max: 9 }), fc.boolean(), weighing)
  .map(([line, count, both, settings]): Way => ({
    settings: [line, `compress: ${count} learned`, ...settings],
    weights: {
      compressKeys: { rows: count, width: longest },
      ...(both && { compressValues: { rows: count, width: longest } }),
    },
  }))

const bucketed = fc
  .tuple(
    kernel,
    fc.constantFrom(2, 4, 6),
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 20 }),
    masks.any,
  )
  .map(([line, count, rounds, chunk, mask]): Way => ({
    settings: [line, `buckets: ${count} rounds ${rounds} chunk ${chunk}`, ...mask],
    bucketed: true,
  }))

const always = (ways: fc.Arbitrary<Way>): fc.Arbitrary<(dim: number) => Way> => ways.map((way) => () => way)

/** Nothing carries their exponents, so that f32 loses rows that are so far out that all their scores are tiny. */
const vanishes = /\b(sigmoid|softplus|elu|elu1|silu|gelu|softmax)\b/

export const specs: fc.Arbitrary<Spec> = fc
  .record({
    dim: fc.constantFrom(1, 2, 3, 4, 5, 7, 8),
    valueDim: fc.option(fc.constantFrom(1, 2, 3, 5, 8), { nil: undefined }),
    scale: perhaps('scale', fc.constantFrom('1 / sqrt(dim)', '0.5', '2')),
    way: fc.oneof(
      { weight: 5, arbitrary: always(unprojected) },
      { weight: 5, arbitrary: always(projected) },
      { weight: 4, arbitrary: always(exact) },
      { weight: 2, arbitrary: throughLandmarks },
      { weight: 1, arbitrary: always(byMaxima) },
      { weight: 1, arbitrary: always(compressed) },
      { weight: 1, arbitrary: always(bucketed) },
    ),
  })
  .map(({ dim: drawn, valueDim, scale, way }) => {
    const asked = way(drawn)
    // A simplex has corners from two dimensions on.
    const dim = asked.settings.some((line) => line.includes('simplex')) ? Math.max(drawn, 2) : drawn
    const { declarations = '', settings, weights = {}, bucketed = false } = way(dim)
    const lines = [
      `dim: ${dim}`,
      ...(valueDim === undefined ? [] : [`value_dim: ${valueDim}`]),
      ...scale,
      ...settings,
    ]
    const text = `${declarations}attention a {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`
    return {
      text,
      dim,
      valueDim: valueDim ?? dim,
      weights,
      bucketed,
      usual: settings.includes('stabilize: none') || vanishes.test(text),
    }
  })
