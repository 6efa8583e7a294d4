// Kernels broken in the ways in which kernels break.
import * as ir from '../../../compiler/kernel/build.ts'
import type { Statement, Value } from '../../../compiler/kernel/kernel.ts'
import { typeOf } from '../../../compiler/kernel/types.ts'
import { editing, editingValues, isCall, type Kernels, letting } from './rewrite.ts'

export interface WrongKernel {
  readonly what: string
  readonly spec: string
  readonly kernels: Kernels
}

const attention = (settings: string): string => `attention one { dim: 4 value_dim: 4 scale: 0.5 ${settings} }`
const causal = attention(
  'kernel: exp(dot(q, k)) feature: favor projections: 20 orthogonal seed 3 mask: causal',
)
/** More features than a tile has. */
const manyFeatures = attention('feature: favor projections: 40 seed 3 mask: causal')
const plain = attention('feature: elu1 mask: causal')
const both = attention('feature: favor projections: 6 seed 3')
const exact = attention('kernel: exp(dot(q, k))')
const exactCausal = attention('kernel: exp(dot(q, k)) mask: causal')
const decaying = attention('feature: elu1 mask: causal decay: 1 - 2^(-1 - head)')
const ofLength = attention('feature: cosformer')
const buckets = attention('kernel: exp(dot(q, k)) buckets: 4 rounds 2 chunk 4 seed 2')
const landmarks = attention('kernel: exp(dot(q, k)) landmarks: 4 segment_means')

const one = (like: Value): Value => (typeOf(like) === 'vec4f' ? ir.splat(1) : ir.f32(1))

/** Without the n-th of a kernel's barriers. */
function withoutBarrier(kernel: string, which: number): Kernels {
  return (kernels) => {
    let seen = 0
    return editing((statement, { name }) =>
      name === kernel && statement.kind === 'barrier' && seen++ === which ? [] : undefined,
    )(kernels)
  }
}

/** A choice of what is seen up to a row, with so many rows more. */
const seeing = (value: Extract<Value, { kind: 'call' }>, more: number): Value => ({
  ...value,
  args: value.args.with(1, ir.add(value.args[1] as Value, ir.splat(more))),
})

/** The last round of every loop over rows or features of this index, so many at a time, is left out. */
const shorterLoop = (kernel: string, index: RegExp, step = 1): Kernels =>
  editing((statement, { name }) =>
    name === kernel && statement.kind === 'for' && index.test(statement.index) && statement.step === step
      ? [{ ...statement, to: ir.select(ir.gt(statement.to, step), ir.sub(statement.to, step), statement.to) }]
      : undefined,
  )

/** exp2 of a difference of scales becomes 1 in assignments to these names. */
const unscaled = (kernel: string, name: string): Kernels =>
  editing((statement, { name: here }) => {
    if (here !== kernel || statement.kind !== 'assign' || statement.target.name !== name) return undefined
    const forget = (value: Value): Value => {
      if (isCall(value, 'exp2')) return one(value)
      return value.kind === 'binary'
        ? { ...value, left: forget(value.left), right: forget(value.right) }
        : value
    }
    return [{ ...statement, value: forget(statement.value) }]
  })

/** In the scan, each chunk is left with a state that has its own rows in it. */
const inclusiveScan: Kernels = editing((statement, { name }) => {
  if (name !== 'scan' || statement.kind !== 'for') return undefined
  const stores = (part: Statement): boolean =>
    part.kind === 'store' || (part.kind === 'if' && part.then.some(stores))
  return [
    {
      ...statement,
      body: [...statement.body.filter((part) => !stores(part)), ...statement.body.filter(stores)],
    },
  ]
})

const storesOut = (statement: Statement): statement is Statement & { kind: 'store' } =>
  statement.kind === 'store' && statement.buffer === 'out'

export const wrongKernels: readonly WrongKernel[] = [
  {
    what: 'the last row of a tile dropped from the sums',
    spec: both,
    kernels: shorterLoop('reduce', /^j/, 4),
  },
  { what: 'the last pairs of a slice dropped', spec: causal, kernels: shorterLoop('finish', /^four$/) },
  { what: 'the last feature of a tile dropped', spec: plain, kernels: shorterLoop('finish', /^f$/) },
  { what: 'the last keys of a tile dropped', spec: exact, kernels: shorterLoop('attend', /^j/, 8) },
  { what: 'no first barrier in the reduction', spec: causal, kernels: withoutBarrier('reduce', 0) },
  { what: 'no last barrier in the reduction', spec: both, kernels: withoutBarrier('reduce', 5) },
  { what: 'no barrier before the features are read', spec: causal, kernels: withoutBarrier('finish', 0) },
  { what: 'no barrier in the online pass', spec: exact, kernels: withoutBarrier('attend', 0) },
  { what: 'an inclusive scan', spec: causal, kernels: inclusiveScan },
  { what: 'sums in the scan not rescaled', spec: causal, kernels: unscaled('scan', 'carry') },
  {
    what: 'sums in the reduction not rescaled',
    spec: both,
    kernels: letting('reduce', /shrink\d*$/i, ({ value }) => one(value)),
  },
  {
    what: 'rows not rescaled between tiles of features',
    spec: manyFeatures,
    kernels: letting('finish', /shrink\d*$/i, ({ value }) => one(value)),
  },
  {
    what: 'zeros for output',
    spec: exact,
    kernels: editing((statement) =>
      storesOut(statement) ? [{ ...statement, value: ir.f32(0) }] : undefined,
    ),
  },
  {
    what: 'one output column never written',
    spec: plain,
    kernels: editing((statement) =>
      storesOut(statement) && statement.index.kind === 'binary'
        ? [ir.if_(ir.ne(statement.index.right, 1), statement)]
        : undefined,
    ),
  },
  {
    what: 'keys of one batch item and head for all',
    spec: causal,
    kernels: letting('reduce', /^keyGroup$/, () => ir.u32(0)),
  },
  {
    what: 'the length of the first batch item for all',
    spec: both,
    kernels: letting('reduce', /^batchItem$/, () => ir.u32(0)),
  },
  {
    what: 'lengths not heeded',
    spec: both,
    kernels: letting('reduce', /^visible$/, () => ir.shape('keyLength')),
  },
  {
    what: 'lengths not heeded in the online pass',
    spec: exact,
    kernels: letting('attend', /^visible$/, () => ir.shape('keyLength')),
  },
  {
    what: 'the length of all query rows for a feature',
    spec: ofLength,
    kernels: letting('finish', /^queryRows$/, () => ir.shape('length')),
  },
  {
    what: 'query rows that do not count in the means',
    spec: landmarks,
    kernels: letting('query_means', /^queryRows$/, () => ir.shape('length')),
  },
  {
    what: 'rows that do not count hashed',
    spec: buckets,
    kernels: letting('hash', /^visible$/, () => ir.shape('keyLength')),
  },
  {
    what: 'a row that does not see itself',
    spec: plain,
    kernels: editingValues((value, { name }) =>
      name === 'finish' && isCall(value, 'atMost') ? seeing(value, -1) : undefined,
    ),
  },
  {
    what: 'a row that sees the next one',
    spec: plain,
    kernels: editingValues((value, { name }) =>
      name === 'finish' && isCall(value, 'atMost') ? seeing(value, 1) : undefined,
    ),
  },
  {
    what: 'a scale that has seen a later row',
    spec: causal,
    kernels: letting('finish', /^upTo0$/, ({ value }) =>
      ir.call('max', value, { kind: 'name', type: 'vec4f', name: 'keyOfRow7' }),
    ),
  },
  {
    what: 'a token that is not decayed',
    spec: decaying,
    kernels: editingValues((value, { name }) =>
      name === 'step' && isCall(value, 'exp2') ? one(value) : undefined,
    ),
  },
  {
    what: 'a cached token where the longest prompt ends',
    spec: exactCausal,
    kernels: letting('attend_cached_token', /^firstPosition$/, () => ir.shape('offset')),
  },
  {
    what: 'a token that is written where the longest prompt ends',
    spec: exactCausal,
    kernels: letting('append_k', /^firstPosition$/, () => ir.shape('offset')),
  },
  {
    what: 'a state as of the end of the longest prompt',
    spec: decaying,
    kernels: letting('scan_and_carry', /^rows$/, () => ir.u32(32)),
  },
  {
    what: 'a decay that is forgotten between chunks',
    spec: decaying,
    kernels: editingValues((value, { name }) =>
      name === 'scan' && isCall(value, 'exp2') ? one(value) : undefined,
    ),
  },
  {
    what: 'an inverse that is not transposed',
    spec: landmarks,
    kernels: editingValues((value, { name }) =>
      /start/i.test(name) && value.kind === 'binary' && value.operator === '/' && typeOf(value) === 'f32'
        ? value.left
        : undefined,
    ),
  },
  {
    what: 'a causal row that sees the next key',
    spec: exactCausal,
    kernels: editingValues((value, { name }) =>
      name === 'attend' && value.kind === 'binary' && value.operator === '<='
        ? { ...value, right: ir.add(value.right, 1) }
        : undefined,
    ),
  },
]
