/** A04: settings by which an attention is evaluated in another way than pair by pair or by a feature. */
import { didYouMean, error, warning } from './message.ts'

export const evaluationMessages = {
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
}

/** Of each, what it means and what to do. */
export const evaluationExplanations: Readonly<Record<keyof typeof evaluationMessages, string>> = {
  landmarksForm: 'Landmarks are a number and where their rows come from: 64 segment_means, or 64 learned.',
  landmarksWithFeature: 'A feature and landmarks are two ways to evaluate an attention. Keep one of the two.',
  landmarksWithoutKernel:
    'Landmarks are compared with rows by a kernel, and the attention has none. Add kernel: exp(dot(q, k)).',
  landmarksMasked:
    'A landmark is a mean of many rows, later ones among them, so no mask can hide these. Drop the mask, or the landmarks.',
  landmarksOnly:
    'The setting belongs to landmark attention. Add landmarks: 64 segment_means, or drop the setting.',
  filterEven: 'A filter of even width has no middle to stand over the row itself. Take the next odd width.',
  notForLandmarks:
    'Landmark attention divides each of its three factors by row sums of their own, and this setting would change that. Drop it.',
  compressForm: 'Compression is the number of pooled rows and where weights come from: 256 learned.',
  evaluatedTwice: 'The two settings are two ways to evaluate an attention. Drop one of the two.',
  compressMasked:
    'A pooled row mixes the whole sequence, later rows among it, so no mask can hide these. Drop the mask, or compress.',
  bucketsForm:
    'Buckets are their number, then perhaps rounds, the rows of a chunk and a seed: 64 rounds 2 chunk 64 seed 42.',
  bucketsOdd:
    'Half of the buckets belong to random directions, and half to their opposites. Take an even number.',
  bucketsUnnormalised:
    'Rounds of hashing are combined by their denominators, which normalize: none leaves out. Drop normalize.',
  bucketsCausal:
    'Sorting by hashes looks at all rows, so which rows an earlier one meets depends on later ones; their values stay hidden. Exact attention, without buckets, does not look ahead at all.',
}
