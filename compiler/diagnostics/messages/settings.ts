/** A04: the settings of an attention, each alone and together. */
import { alternatives, didYouMean, error, warning } from './message.ts'

const smallerIntegers =
  'i32 goes to 2,147,483,647, and beside constants beyond it f32 is exact to 16,777,216: compare smaller numbers'

export const settingMessages = {
  unknownSetting: error('A0401', (name: string, near: string | undefined, known: readonly string[]) => ({
    message: `there is no setting \`${name}\``,
    help: didYouMean(near) ?? `the settings are ${known.join(', ')}`,
  })),

  duplicateSetting: error('A0402', (name: string) => ({
    message: `\`${name}\` is already set in this attention`,
    help: 'keep one of the two',
  })),

  dimMissing: error('A0403', (name: string) => ({
    message: `\`${name}\` does not say how wide a query and a key are`,
    help: 'add `dim: 64`',
  })),

  noScore: error('A0404', (name: string) => ({
    message: `\`${name}\` has neither a \`kernel\` nor a \`feature\`, so it has no score`,
    help: 'softmax is `kernel: exp(dot(q, k))`; a feature of the prelude is `feature: elu1`',
  })),

  oneExpression: error('A0405', (setting: string, found: number, help: string | undefined) => ({
    message: `expected one expression for \`${setting}\`, found ${found} side by side`,
    help,
  })),

  integerRange: error('A0407', (what: string, least: number, most: number, found: number) => ({
    message: `expected an integer from ${least} to ${most.toLocaleString('en')} for ${what}, found ${found}`,
    help: undefined,
  })),

  numberRange: error(
    'A0408',
    (what: string, range: string, found: number) => `expected ${range} for ${what}, found ${found}`,
  ),

  unknownChoice: error(
    'A0409',
    (setting: string, found: string, choices: readonly string[], near: string | undefined) => ({
      message: `expected ${alternatives(choices)} for \`${setting}\`, found ${found}`,
      help: didYouMean(near),
    }),
  ),

  kernelNotScalar: error('A0410', (type: string) => ({
    message: `expected a scalar for \`kernel\`, found ${type}`,
    help: 'a kernel scores one query against one key, as `exp(dot(q, k))` does',
  })),

  unknownFeature: error('A0411', (name: string, near: string | undefined) => ({
    message: `there is no feature \`${name}\`, neither in this file nor in the prelude`,
    help: didYouMean(near) ?? `declare it, \`feature ${name}(x) = …\`, or write its body here`,
  })),

  projectionsMissing: error('A0413', (name: string) => ({
    message: `the feature \`${name}\` is projected, and the number of projections is not set`,
    help: 'add `projections: 256 orthogonal`',
  })),

  projectionsUnneeded: error('A0414', (name: string) => ({
    message: `the feature \`${name}\` takes no projection row, so there is nothing to project`,
    help: `drop \`projections\`, or declare the feature with a second parameter: \`feature ${name}(x, w) = …\``,
  })),

  projectionsWithoutFeature: error('A0415', () => ({
    message: '`projections` are for a feature, and this attention has none',
    help: 'add `feature: favor`, or drop `projections`',
  })),

  projectionsForm: error('A0416', (found: string, near?: string) => ({
    message: `expected \`N [iid | orthogonal | hadamard | simplex] [fixed_norm] [seed S]\`, found ${found}`,
    help: didYouMean(near) ?? 'for example `projections: 256 orthogonal seed 42`',
  })),

  simplexDim: error('A0417', () => ({
    message: 'a simplex needs `dim` of at least 2: its corners have pairwise cosine −1/(dim−1)',
    help: 'use `orthogonal` or `iid`',
  })),

  landmarksForm: error('A0418', (found: string, near?: string) => ({
    message: `expected \`N segment_means\` or \`N learned\` for \`landmarks\`, found ${found}`,
    help: didYouMean(near) ?? 'for example `landmarks: 64 segment_means`',
  })),

  landmarksWithFeature: error('A0419', () => ({
    message: 'an attention is evaluated through its `feature` or through `landmarks`, not both',
    help: 'drop one of the two',
  })),

  landmarksWithoutKernel: error('A0420', () => ({
    message: '`landmarks` need a `kernel` to evaluate between rows and landmark rows',
    help: 'add `kernel: exp(dot(q, k))`',
  })),

  landmarksMasked: error('A0421', () => ({
    message: 'landmark attention cannot be masked: every landmark row sees the whole sequence',
    help: 'drop the `mask`, or the `landmarks`',
  })),

  landmarksOnly: error('A0422', (setting: string) => ({
    message: `\`${setting}\` is for landmark attention, and this attention has no \`landmarks\``,
    help: `add \`landmarks: 64 segment_means\`, or drop \`${setting}\``,
  })),

  filterEven: error('A0423', (setting: string, found: number) => ({
    message: `expected an odd width for \`${setting}\`, found ${found}`,
    help: 'an odd filter has a middle, which stands over the row itself',
  })),

  notForLandmarks: error('A0424', (setting: string) => ({
    message: `\`${setting}\` does not apply to landmark attention, whose three factors are each softmax-normalised`,
    help: `drop \`${setting}\``,
  })),

  maskNotCondition: error('A0425', (found: string, near: string | undefined) => ({
    message: `expected \`none\`, \`causal\` or a condition for \`mask\`, found ${found}`,
    help: didYouMean(near) ?? 'a condition compares, as in `i >= j && i - j < 256`',
  })),

  conditionNeedsExact: error('A0426', () => ({
    message: 'a condition as `mask` needs exact attention: a factorised sum cannot leave single pairs out',
    help: 'use `none` or `causal`, or drop the `feature`',
  })),

  decayNeedsCausal: error('A0427', () => ({
    message: '`decay` weighs a key by how far it lies in the past, so it needs `mask: causal`',
    help: 'add `mask: causal`',
  })),

  notBesides: error('A0428', (setting: string, other: string) => ({
    message: `\`${setting}\` does not apply beside \`${other}\``,
    help: 'drop one of the two',
  })),

  decayRange: error('A0429', (head: number, value: number) => ({
    message: `expected a decay in [0, 1], found ${Number.isNaN(value) ? 'no number' : value} for head ${head}`,
    help: 'for example `decay: 1 - 2^(-5 - head)`',
  })),

  stabilizeForm: error('A0430', (found: string, near: string | undefined) => ({
    message: `expected \`auto\`, \`none\` or \`max E\` for \`stabilize\`, found ${found}`,
    help: didYouMean(near) ?? 'for example `stabilize: max 1e-4`',
  })),

  stabilizeNeedsProjected: error('A0431', () => ({
    message:
      '`stabilize: max E` subtracts a maximum over projections, and this attention has no projected feature',
    help: '`stabilize: auto`, the default, stabilises every attention',
  })),

  kernelIgnoresRow: warning('A0432', (name: string) => ({
    message: `the kernel does not depend on \`${name}\``,
    help: undefined,
  })),

  stabilizeMaxCausal: warning('A0433', () => ({
    message:
      'with `stabilize: max` the earlier rows of a causal attention depend on later ones, through the maximum over all keys',
    help: '`stabilize: auto` is exact and does not look ahead',
  })),

  epsilonUnused: warning('A0434', () => ({
    message: '`epsilon` has no effect: with `normalize: none` there is no denominator',
    help: 'drop `epsilon`',
  })),

  compressForm: error('A0435', (found: string, near?: string) => ({
    message: `expected \`N learned\` for \`compress\`, found ${found}`,
    help: didYouMean(near) ?? 'for example `compress: 256 learned`',
  })),

  evaluatedTwice: error('A0436', (first: string, second: string) => ({
    message: `an attention is evaluated in one way, and \`${first}\` and \`${second}\` are two`,
    help: 'drop one of the two',
  })),

  compressMasked: error('A0437', () => ({
    message: 'compressed attention cannot be masked: every pooled row mixes the whole sequence',
    help: 'drop the `mask`, or `compress`',
  })),

  bucketsForm: error('A0438', (found: string, near?: string) => ({
    message: `expected \`B [rounds R] [chunk C] [seed S]\` for \`buckets\`, found ${found}`,
    help: didYouMean(near) ?? 'for example `buckets: 64 rounds 2 chunk 64 seed 42`',
  })),

  bucketsOdd: error('A0439', (found: number) => ({
    message: `expected an even number of buckets, found ${found}`,
    help: 'half of them belong to directions, and half to their opposites',
  })),

  bucketsUnnormalised: error('A0440', () => ({
    message: '`normalize: none` does not apply to `buckets`: rounds are combined by their denominators',
    help: 'drop `normalize`',
  })),

  bucketsCausal: warning('A0441', () => ({
    message:
      'with `buckets` the earlier rows of a causal attention depend on later ones: which rows meet is decided by sorting all of them',
    help: 'the values of later rows stay hidden; an exact `kernel` without `buckets` does not look ahead at all',
  })),

  tensorForm: error('A0444', (role: string, found: string) => ({
    message: `expected a name and a type for each of the ${role}s, found ${found}`,
    help:
      role === 'input'
        ? 'for example `inputs: a scalar, z query vector(value_dim)`'
        : 'for example `weights: A scalar, W shared matrix(dim, dim)`',
  })),

  tensorType: error('A0445', (role: string, found: string) => ({
    message: `expected the type of ${role === 'input' ? 'an input' : 'a weight'}, found ${found}`,
    help: `it is \`scalar\`, \`integer\`${role === 'input' ? ' or `vector(n)`' : ', `vector(n)` or `matrix(n, p)`'}`,
  })),

  tensorMarks: error('A0446', (role: string, found: string) => ({
    message: `\`${found}\` does not say whose this ${role} is`,
    help: 'before the type stands nothing, `key`, `query`, `shared` or `query shared`',
  })),

  duplicateTensor: error('A0447', (name: string) => ({
    message: `\`${name}\` is already declared in this attention`,
    help: 'inputs and weights have names of their own',
  })),

  reservedTensor: error('A0448', (name: string) => ({
    message: `\`${name}\` already has a meaning in an attention`,
    help: 'give the tensor another name',
  })),

  decayType: error('A0449', (found: string, of: string, size: number) => ({
    message: `expected a scalar or a vector of ${of} (${size}) for \`decay\`, found ${found}`,
    help: 'a scalar weighs a whole row, a vector each of its entries',
  })),

  decayOutside: error('A0450', (value: number) => ({
    message: `a decay is in [0, 1], and this one comes no nearer than ${value}`,
    help: 'for example `exp(-exp(A) * softplus(a))`',
  })),

  updateNotState: error('A0451', (found: string) => ({
    message: `expected a state for \`update\`, found ${found}`,
    help: 'for example `decay * S + outer(k, v)`',
  })),

  updateNeedsFeature: error('A0452', () => ({
    message: '`update` is what a token makes of a carried state, and exact attention carries none',
    help: 'add `feature: x`',
  })),

  updateNeedsCausal: error('A0453', () => ({
    message: '`update` goes from token to token, so it needs `mask: causal`',
    help: 'add `mask: causal`',
  })),

  stateCall: error('A0454', (form: string, wanted: string, found: string) => ({
    message: `expected \`${form}\` with ${wanted}, found ${found}`,
    help: undefined,
  })),

  stateOperands: error('A0455', (operator: string, found: readonly string[], features: number) => ({
    message: `\`${operator}\` makes no state of ${found.join(' and ')}`,
    help: `states are added, and multiplied by a scalar or by a vector of the ${features} features`,
  })),

  matrixScale: error('A0456', () => ({
    message: 'a state is scaled as a whole or by rows, not by a matrix',
    help: 'a matrix that is the identity and a rank-one term is `S - outer(x, read(y))`',
  })),

  readOfRead: error('A0457', () => ({
    message: '`read` of what was read: the update would not be affine in S',
    help: 'read S by rows that do not depend on it',
  })),

  notAffine: error('A0458', (part: string, why: string) => ({
    message: `the update is not affine in S: \`${part}\` is ${why}`,
    help: 'it is one `D * S`, and terms `outer(x, y)` of which y may be affine in `read(…)` and x is free of S',
  })),

  readNormalised: error('A0459', () => ({
    message: '`normalize: sum` has no denominator for an update that reads S',
    help: 'add `normalize: none`, and normalise in `output`',
  })),

  readUnbounded: error('A0460', (part: string) => ({
    message: `\`${part}\` grows without bounds, and a state that is read cannot be scaled by features`,
    help: 'use a feature that is bounded, such as `unit(x)`, or does not grow exponentially',
  })),

  outputNotRow: error('A0461', (size: number, found: string) => ({
    message: `expected a vector of value_dim (${size}) for \`output\`, found ${found}`,
    help: 'for example `rms(o) * silu(z)`',
  })),

  sinkNotScalar: error('A0462', (found: string) => ({
    message: `expected a scalar for \`sink\`, found ${found}`,
    help: 'a constant, or a weight: `weights: s scalar`, `sink: s`',
  })),

  sinkUnused: warning('A0463', () => ({
    message: '`sink` has no effect: with `normalize: none` there is no denominator',
    help: 'drop `sink`',
  })),

  shortConvForm: error('A0464', (found: string) => ({
    message: `expected a width and, if there is one, a function of one number for \`short_conv\`, found ${found}`,
    help: 'for example `short_conv: 4 silu`',
  })),

  shortConvCausal: error('A0465', () => ({
    message: '`short_conv` mixes a row with the rows before it, so it needs a causal `mask`',
    help: 'add `mask: causal`',
  })),

  fromEndNeedsExact: error('A0466', () => ({
    message: '`causal from end` needs exact attention: a carried state has as many keys as queries',
    help: 'use `causal`, or drop the `feature`',
  })),

  kernelSeesMore: error('A0467', (seen: string, setting: string) => ({
    message: `the kernel sees \`${seen}\`, and beside \`${setting}\` its rows are not those of one query and one key`,
    help: `use \`q\` and \`k\` alone, or drop \`${setting}\``,
  })),

  maskGrowsLarge: warning('A0442', (expression: string, longest: number) => ({
    message: `\`${expression}\` passes the integers of a device from ${(longest + 1).toLocaleString('en')} rows on, so a call takes at most ${longest.toLocaleString('en')}`,
    help: smallerIntegers,
  })),

  maskTooLarge: error('A0443', (expression: string) => ({
    message: `\`${expression}\` passes the integers of a device in every call`,
    help: smallerIntegers,
  })),
}
