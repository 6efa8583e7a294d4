/** Whether means may be judged as if they were normal. */
import type { Moments } from './moments.ts'

/** Of 40 numbers: normal ones have 0.37, and pass this once in a thousand times. */
const skewest = 1.2

/**
 * A Student test takes means of many for nearly normal. Where even means of
 * hundreds lie to one side, what is looked at has so heavy a tail that its mean
 * may rest on what was never drawn, and nothing is to be concluded.
 */
export const isSkew = (moments: Moments, index: number): boolean =>
  Math.abs(moments.skewness(index)) > skewest
