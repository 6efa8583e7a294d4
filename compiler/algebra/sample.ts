/** Points at which identities are tried: the same on every run. */
import type { Environment } from '../symbolic/evaluate.ts'

/** Rows near 0, of moderate and of some size, in the middle of a sequence. */
const spreads = [0, 0.1, 0.5, 1]

/** Environments for expressions in component form: rows of `dim` entries, and a component below `components`. */
export function samplePoints(dim: number, components: number): readonly Environment[] {
  return spreads.map((spread, n) => {
    const rows = new Map<string, Float64Array>()
    const rowOf = (name: string): Float64Array => {
      const known = rows.get(name)
      if (known !== undefined) return known
      const seed = n * 31 + name.charCodeAt(0)
      const made = Float64Array.from({ length: dim }, (_, t) => spread * scatter(seed, t))
      rows.set(name, made)
      return made
    }
    const scalars: Readonly<Record<string, number>> = {
      position: 2 * n,
      length: 9,
      component: Math.floor(((n + 0.5) / spreads.length) * components),
    }
    return (name) => scalars[name] ?? rowOf(name)
  })
}

/** Numbers in (−1, 1) without a pattern that an expression would share. */
function scatter(seed: number, t: number): number {
  const wild = Math.sin(seed * 12.9898 + (t + 1) * 78.233) * 43758.5453
  return 2 * (wild - Math.floor(wild)) - 1
}
