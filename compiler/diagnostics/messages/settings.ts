/** A04: the settings of an attention: its score, feature, mask and denominator, alone and together. */
import { alternatives, didYouMean, error, warning } from './message.ts'
import { wordsFor } from '../words.ts'

const smallerIntegers =
  'i32 goes to 2,147,483,647, and beside constants beyond it f32 is exact to 16,777,216: compare smaller numbers'

export const settingMessages = {
  unknownSetting: error('A0401', (name: string, near: string | undefined, known: readonly string[]) => ({
    message: `there is no setting \`${name}\``,
    help: wordsFor(name) ?? didYouMean(near) ?? `the settings are ${known.join(', ')}`,
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

  maskNotCondition: error('A0425', (found: string, near: string | undefined) => ({
    message: `expected \`none\`, \`causal\` or a condition for \`mask\`, found ${found}`,
    help: didYouMean(near) ?? 'a condition compares, as in `i >= j && i - j < 256`',
  })),

  conditionNeedsExact: error('A0426', () => ({
    message: 'a condition as `mask` needs exact attention: a factorised sum cannot leave single pairs out',
    help: 'use `none` or `causal`, or drop the `feature`',
  })),

  notBesides: error('A0428', (setting: string, other: string) => ({
    message: `\`${setting}\` does not apply beside \`${other}\``,
    help: 'drop one of the two',
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

/** Of each, what it means and what to do. */
export const settingExplanations: Readonly<Record<keyof typeof settingMessages, string>> = {
  unknownSetting:
    'An attention has no setting of this name. Check the spelling against the list in the message; what has no setting is often an expression, such as a bias in the kernel or a window in the mask.',
  duplicateSetting: 'A setting stands twice in one attention. Keep one of the two.',
  dimMissing:
    'Kernels are compiled for rows of one width, and the attention names none. Add dim: 64, or yours.',
  noScore:
    'An attention needs a score of a query and a key: a kernel, which is evaluated pair by pair, or a feature, whose sums are carried. Softmax is kernel: exp(dot(q, k)).',
  oneExpression:
    'The setting takes one expression, and here are several side by side. Join them by an operator, or take away what is too much.',
  integerRange:
    'The setting takes a whole number within the range that the message gives. Choose one of them.',
  numberRange: 'The setting takes a number within the range that the message gives. Choose one of them.',
  unknownChoice: 'The setting takes one of a few words. Choose one of those in the message.',
  kernelNotScalar:
    'A kernel scores one query against one key, and gives one number. Reduce vectors with dot(q, k), sum(…) or norm(…).',
  unknownFeature:
    'The feature is declared neither in this file nor in the prelude. Check the spelling, declare feature NAME(x) = …, or write its body in place.',
  projectionsMissing:
    'The feature is evaluated for each of many projection rows, and their number is not set. Add projections: 256 orthogonal; more of them estimate better and cost more.',
  projectionsUnneeded:
    'The feature has no second parameter, so no projection row reaches it. Drop projections, or declare the feature as NAME(x, w).',
  projectionsWithoutFeature:
    'Projections are drawn for a feature, and the attention has none. Add one, such as feature: favor, or drop projections.',
  projectionsForm:
    'Projections are a number, then perhaps how rows are coupled, and a seed: 256 orthogonal seed 42.',
  simplexDim:
    'The directions of a simplex are the corners of one, and a single dimension has none. Use orthogonal or iid.',
  maskNotCondition:
    'A mask says which pairs are seen: none, causal, or a condition on the positions i and j, such as i >= j && i - j < 256. A term that is added to scores belongs in the kernel.',
  conditionNeedsExact:
    'A factorised sum is carried from row to row, and cannot leave out single pairs. Use none or causal, or drop the feature.',
  notBesides: 'The two settings contradict each other. Drop one of the two.',
  stabilizeForm:
    'Stabilising is auto, which is exact; none; or max E, the published form with a maximum over keys and an epsilon.',
  stabilizeNeedsProjected:
    'The published form subtracts a maximum over projections, and this attention has none. The default, auto, stabilises every attention: drop the setting.',
  kernelIgnoresRow:
    'The kernel has the same value whatever the query, or the key, is. Check that both q and k are in it.',
  stabilizeMaxCausal:
    'The maximum is taken over all keys, so that earlier rows depend on later ones, and decoding gives other numbers. stabilize: auto is exact and does not look ahead.',
  epsilonUnused:
    'An epsilon is added to the denominator, and with normalize: none there is none. Drop epsilon.',
  fromEndNeedsExact:
    'Counting from the end is for calls with more keys than queries, and a carried state has as many of both. Use causal, or drop the feature.',
  kernelSeesMore:
    'Beside this setting the rows of a kernel are made of many, and have no position or data of their own. Use q and k alone in the kernel, or drop the setting.',
  maskGrowsLarge:
    'On devices masks are computed in 32-bit integers, which this one leaves in long calls; these are refused. Compare smaller numbers to allow them.',
  maskTooLarge:
    'On devices masks are computed in 32-bit integers, which this one leaves in every call. Compare smaller numbers.',
}
