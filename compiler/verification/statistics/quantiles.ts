/** Thresholds for tests that must almost never raise a false alarm. */
import { normalQuantile } from '../../../runtime/projection/index.ts'

/** The t that a Student variable of these degrees of freedom passes with probability p, upwards. */
export function studentThreshold(p: number, freedom: number): number {
  // Fisher's expansion about the normal quantile: good to a percent for p = 1e-10 from 20 degrees of freedom on.
  const z = -normalQuantile(p)
  const z2 = z * z
  return (
    z *
    (1 +
      (z2 + 1) / (4 * freedom) +
      ((5 * z2 + 16) * z2 + 3) / (96 * freedom ** 2) +
      (((3 * z2 + 19) * z2 + 17) * z2 - 15) / (384 * freedom ** 3))
  )
}

/** The z that a normal variable passes with probability p, upwards. */
export const normalThreshold = (p: number): number => -normalQuantile(p)
