// Schedules, and specs read wrongly, that compute something else.
import type { Features, Pass, Schedule, ScheduledBlock, Term } from '../../../compiler/schedule/schedule.ts'
import type { AttentionModel } from '../../../compiler/semantics/model.ts'
import { apply, constant, multiply } from '../../../compiler/symbolic/build.ts'
import type { Call } from '../../../compiler/verification/execution/executor.ts'
import type { Replacements } from '../../../compiler/verification/execution/interpreter.ts'

export interface WrongSchedule {
  readonly what: string
  readonly spec: string
  readonly replacements: Replacements
}

const attention = (settings: string): string => `attention one { dim: 4 value_dim: 4 scale: 0.5 ${settings} }`
const causal = attention(
  'kernel: exp(dot(q, k)) feature: favor projections: 6 orthogonal seed 3 mask: causal',
)
const plain = attention('feature: elu1 mask: causal epsilon: 0.5')
const both = attention('feature: favor projections: 6 seed 3')
const exact = attention('kernel: exp(dot(q, k)) * (2 + sin(q[0]))'.replace('q[0]', 'dot(q, k)'))
const uneven = `feature uneven(x, w) = query exp(dot(w, x)) key exp(dot(w, x) / 2)
${attention('feature: uneven projections: 6 seed 3')}`
const window = attention('kernel: exp(dot(q, k)) mask: i >= j && i - j < 5')

const passes =
  (change: (pass: Pass) => Pass) =>
  (plan: Schedule): Schedule => ({ ...plan, passes: plan.passes.map(change) })

const blocks = (change: (block: ScheduledBlock) => ScheduledBlock): ((plan: Schedule) => Schedule) =>
  passes((pass) => {
    switch (pass.kind) {
      case 'reduce':
        return { ...pass, features: { ...pass.features, blocks: pass.features.blocks.map(change) } }
      case 'finish':
        return {
          ...pass,
          query: { ...pass.query, blocks: pass.query.blocks.map(change) },
          key: { ...pass.key, blocks: pass.key.blocks.map(change) },
        }
      default:
        return pass
    }
  })

const naturalExponent = (term: Term): Term =>
  term.kind === 'scaled' ? { ...term, exponent: multiply(constant(Math.LN2), term.exponent) } : term

function withoutCoefficient(pass: Pass): Pass {
  if (pass.kind !== 'online' || pass.kernel.kind !== 'scaled') return pass
  const { coefficient: _, ...kernel } = pass.kernel
  return { ...pass, kernel }
}

/** Sums and features as written, whatever comes of them. */
function unscaled(pass: Pass): Pass {
  const plain = ({ blocks, ...rest }: Features): Features => ({
    ...rest,
    blocks: blocks.map((block) => ({ ...block, term: asWritten(block.term) })),
  })
  switch (pass.kind) {
    case 'reduce':
      return { ...pass, scaling: 'plain', features: plain(pass.features) }
    case 'scan':
      return { ...pass, scaling: 'plain' }
    case 'finish':
      return { ...pass, scaling: 'plain', query: plain(pass.query), key: plain(pass.key) }
    default:
      return pass
  }
}

function unmended(pass: Pass): Pass {
  if (pass.kind !== 'finish') return pass
  const { mended: _, ...rest } = pass
  return rest
}

const asWritten = (term: Term): Term => {
  if (term.kind === 'plain') return term
  const power = apply('exp', multiply(constant(Math.LN2), term.exponent))
  return { kind: 'plain', value: term.coefficient === undefined ? power : multiply(term.coefficient, power) }
}

const model =
  (change: Partial<AttentionModel>) =>
  (known: AttentionModel): AttentionModel => ({ ...known, ...change })

/** As if nothing said how many query rows there are. */
const everyQuery = (call: Call): Call => ({
  ...call,
  queryLengths: Array.from({ length: call.batch }, () => call.length),
})

export const wrongSchedules: readonly WrongSchedule[] = [
  ...['feature: cosformer', 'kernel: exp(dot(q, k)) landmarks: 4 segment_means'].map((settings) => ({
    what: `query rows that do not count, in ${settings}`,
    spec: attention(settings),
    replacements: { call: everyQuery },
  })),
  {
    what: 'rows that f32 lost as they are',
    spec: attention('feature: elu1 mask: causal'),
    replacements: { schedule: passes(unmended) },
  },
  {
    what: 'a decay as a factor of sums that f32 does not hold',
    spec: attention('feature: elu1 mask: causal decay: 0.5'),
    replacements: { schedule: passes(unscaled) },
  },
  {
    what: 'the total where the states before each chunk are needed',
    spec: causal,
    replacements: {
      schedule: passes((pass) => (pass.kind === 'scan' ? { ...pass, result: 'total' } : pass)),
    },
  },
  {
    what: 'no pairs within a chunk',
    spec: causal,
    replacements: {
      schedule: passes((pass) => (pass.kind === 'finish' ? { ...pass, causal: false } : pass)),
    },
  },
  {
    what: 'the last feature left out',
    spec: both,
    replacements: { schedule: blocks((block) => ({ ...block, size: block.size - 1 })) },
  },
  {
    what: 'exponents to the wrong base',
    spec: both,
    replacements: { schedule: blocks((block) => ({ ...block, term: naturalExponent(block.term) })) },
  },
  {
    what: 'the keys by the features of the queries',
    spec: uneven,
    replacements: {
      model: (known) => ({
        ...known,
        ...(known.feature && { feature: { ...known.feature, key: known.feature.query } }),
      }),
    },
  },
  { what: 'a coefficient left out', spec: exact, replacements: { schedule: passes(withoutCoefficient) } },
  { what: 'the scale forgotten', spec: causal, replacements: { model: model({ scale: 1 }) } },
  { what: 'no denominator', spec: causal, replacements: { model: model({ normalize: 'none' }) } },
  { what: 'the epsilon forgotten', spec: plain, replacements: { model: model({ epsilon: 0 }) } },
  { what: 'the mask forgotten', spec: window, replacements: { model: model({ mask: { kind: 'none' } }) } },
  {
    what: 'causal where every key is seen',
    spec: exact,
    replacements: { model: model({ mask: { kind: 'causal' } }) },
  },
]
