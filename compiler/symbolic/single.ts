/** Numbers of f32, in which kernels compute. */

/** The largest finite number. */
export const largestSingle = 3.4028234663852886e38
/** The smallest number that no device takes for 0. */
export const smallestSingle = 2 ** -126
/** Half the distance of neighbouring numbers, relatively. */
export const unit = 2 ** -24
/** The largest exponent of a factor in base 2: that of half the largest power of two. */
export const largestExponent = 126
/** Stands for −∞ in running maxima and for the logarithm of 0: far below any exponent, yet sums of two stay finite. */
export const lowest = -1e30
