/** Sizes beyond which a file is a slip of the keyboard rather than an attention. */

/** Those that expressions meet; a setting's own stand in its record. */
export const limits = {
  /** r, the length of φ(x), and of any vector on the way to it. */
  features: 2 ** 20,
  /** Of one feature: kernels have code of its own for each. */
  blocks: 256,
  /** Operators of an expression in the form that kernels are made from. */
  writtenOut: 2 ** 13,
} as const

/** Of projections and of hashes. */
export const largestSeed = Number.MAX_SAFE_INTEGER
