// The programs on which properties are tried, one for each way of evaluating, on one device after another.
import { drawProjection } from '../../runtime/projection/index.ts'
import type { Attention } from '../../runtime/index.ts'
import { compileOne, onDevice } from '../numeric/harness.ts'
import { testDevice } from '../setup/test-devices.ts'

export const dim = 6
export const valueDim = 3
const projections = 20

const settings = {
  features: 'feature: elu1',
  exponentials: `scale: 1 / sqrt(dim) feature: favor projections: ${projections} orthogonal seed 7`,
  pairs: 'scale: 1 / sqrt(dim) kernel: exp(dot(q, k))',
} as const

export type Subject = keyof typeof settings
export const subjects = Object.keys(settings) as Subject[]

const opened = new Map<string, Promise<Attention>>()

export function attentionOn(device: string, subject: Subject, mask: 'none' | 'causal'): Promise<Attention> {
  const name = `${device} ${subject} ${mask}`
  const known = opened.get(name)
  if (known !== undefined) return known
  const opening = testDevice(device).then((made) => onDevice(builtOf(subject, mask), made))
  opened.set(name, opening)
  return opening
}

export const builtOf = (subject: Subject, mask: 'none' | 'causal') =>
  compileOne(`attention a { dim: ${dim} value_dim: ${valueDim} ${settings[subject]} mask: ${mask} }`)

const projection = drawProjection({
  rows: projections,
  dim,
  coupling: 'orthogonal',
  fixedNorm: false,
  seed: 7,
})

/** φ of `exponentials` before its exponential, one exponent for each projection. */
export function exponents(x: readonly number[]): number[] {
  const scaled = x.map((entry) => entry * dim ** -0.25)
  return Array.from({ length: projections }, (_, row) => {
    const w = projection.subarray(row * dim, (row + 1) * dim)
    return inner(scaled, w) - inner(scaled, scaled) / 2
  })
}

/** κ(q, k) up to a factor that is the same for all pairs, written out from the papers. */
export function kernelOf(subject: Subject): (q: readonly number[], k: readonly number[]) => number {
  const favor = (x: readonly number[]): number[] => exponents(x).map(Math.exp)
  const elu1 = (x: readonly number[]): number[] => x.map((entry) => (entry > 0 ? entry + 1 : Math.exp(entry)))
  switch (subject) {
    case 'features':
      return (q, k) => inner(elu1(q), elu1(k))
    case 'exponentials':
      return (q, k) => inner(favor(q), favor(k))
    case 'pairs':
      return (q, k) => Math.exp(inner(q, k) / Math.sqrt(dim))
  }
}

export const inner = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, entry, index) => sum + entry * (b[index] ?? Number.NaN), 0)
