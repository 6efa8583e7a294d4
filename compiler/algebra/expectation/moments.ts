/** First and second moments of one row's contribution F = Σ_blocks f(q, w)·f(k, w). */
import type { AttentionModel } from '../../semantics/model.ts'
import { Divergent } from './convergence.ts'
import { marginalOf } from './couplings.ts'
import { integrandOf } from './integrand.ts'
import { type Law, mean } from './law.ts'
import { multiply, wholePower } from './ring/arithmetic.ts'
import type { Basis } from './ring/functions.ts'
import { OutOfReach, type Value } from './ring/value.ts'

/** The means of F and of its products: variance and quality follow from them. */
export interface Moments {
  /** F, and where a second key's row is called `other`, that of q with it. */
  readonly integrand: Value
  /** E[F], the kernel that is estimated. */
  readonly mean: Value
  /** E[F²]. */
  readonly square: Value
  /** E[F(q, k)·F(q, other)]. */
  readonly cross: Value
  /** m. */
  readonly projections: number
  /** E[F³] and E[F⁴]; they take longer. */
  readonly higher: (n: 3 | 4) => Value | NoMoments
}

/** A sentence on why there are no moments to speak of. */
export interface NoMoments {
  readonly kind: 'deterministic' | 'infinite' | 'undecided'
  readonly reason: string
}

/** The moments in the first basis in which they have a closed form, or why they have none. */
export function momentsOf(model: AttentionModel): Moments | NoMoments {
  const written = attempt(model, 'written')
  if (!('kind' in written) || written.kind !== 'undecided') return written
  const reduced = attempt(model, 'reduced')
  return 'kind' in reduced && reduced.kind === 'undecided' ? written : reduced
}

function attempt({ feature, projections, dim }: AttentionModel, basis: Basis): Moments | NoMoments {
  if (feature === undefined) return { kind: 'deterministic', reason: 'The kernel is evaluated exactly.' }
  if (projections === undefined)
    return { kind: 'deterministic', reason: 'The features have no projections: nothing in them is random.' }
  const law: Law = marginalOf(projections, dim).law === 'spherical' ? 'spherical' : 'normal'
  return attempted('second', () => {
    const integrand = integrandOf(feature, basis)
    const other = integrandOf(feature, basis, 'other')
    return {
      integrand,
      mean: mean(integrand, law, dim).value,
      square: mean(multiply(integrand, integrand), law, dim).value,
      cross: mean(multiply(integrand, other), law, dim).value,
      projections: projections.count,
      higher: (n) =>
        attempted(n === 3 ? 'third' : 'fourth', () => mean(wholePower(integrand, n), law, dim).value),
    }
  })
}

function attempted<Result>(which: string, moments: () => Result): Result | NoMoments {
  try {
    return moments()
  } catch (problem) {
    if (problem instanceof Divergent)
      return { kind: 'infinite', reason: `The ${which} moment exists only where ${problem.message}.` }
    if (problem instanceof OutOfReach)
      return { kind: 'undecided', reason: `Not decidable here: ${problem.message}.` }
    throw problem
  }
}
