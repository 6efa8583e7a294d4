/**
 * Whether a function of the plane may outgrow the normal density far out, beyond
 * where a rule looks: exp(u⁴/10⁶) is below 10³ wherever exp(−u²/2) is above 10⁻³⁰⁸,
 * and has no mean. Along some rays the radius is found at which the function leaves
 * float64, and there log|f| may not grow faster than r², within a margin.
 */
const rays = 12
const farthest = 1e6
const steepest = 2.2

/** Whether log|f| grows faster than r² along one of the rays. */
export function outgrows(f: (x: number, y: number) => number): boolean {
  return Array.from({ length: rays }, (_, n) => (2 * Math.PI * (n + 0.3)) / rays).some((angle) => {
    const logarithm = (r: number): number => Math.log(Math.abs(f(r * Math.cos(angle), r * Math.sin(angle))))
    if (logarithm(farthest) < Infinity) return false
    let [low, high] = [0, farthest]
    for (let step = 0; step < 60; step++) {
      const middle = (low + high) / 2
      if (logarithm(middle) < Infinity) low = middle
      else high = middle
    }
    const [whole, half] = [logarithm(low), logarithm(low / 2)]
    return half > 0 && Math.log2(whole / half) > steepest
  })
}
