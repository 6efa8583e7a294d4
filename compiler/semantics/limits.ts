/** Sizes beyond which a file is a slip of the keyboard rather than an attention. */

export const limits = {
  dim: 4096,
  projections: 65_536,
  /** r, the length of φ(x), and of any vector on the way to it. */
  features: 2 ** 20,
  landmarks: 4096,
  pinv: 100,
  conv: 4095,
  compress: 4096,
  buckets: 4096,
  rounds: 64,
  chunk: 4096,
  seed: Number.MAX_SAFE_INTEGER,
  /** Operators of an expression in the form that kernels are made from. */
  writtenOut: 2 ** 13,
  /** The largest finite f32. */
  single: 3.4028234663852886e38,
  /** The smallest f32 that no device takes for 0. */
  smallest: 2 ** -126,
  /** Heads for which a decay is held to its range. */
  heads: 64,
} as const
