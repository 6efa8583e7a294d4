/**
 * The chain rule for a model that is cut at its attentions, since jax-js has no derivatives of one's own: jax
 * differentiates the parts between two attentions, which are compiled, and computed once more for their derivatives.
 */
import type { JaxArray, JaxAttention } from './jax-array.ts'

/** Arrays in objects and lists, as jax-js knows them. */
export type JaxTree = JaxArray | readonly JaxTree[] | { readonly [name: string]: JaxTree }

/** What is used of `@jax-js/jax` for it. */
export interface JaxWithDerivatives {
  readonly numpy: {
    readonly ones: (shape: number[]) => JaxArray
    readonly zeros: (shape: number[]) => JaxArray
    readonly add: (one: never, other: never) => unknown
  }
  readonly tree: {
    readonly ref: (tree: never) => never
    readonly dispose: (tree: never) => void
    readonly map: (of: (...leaves: never[]) => never, ...trees: never[]) => unknown
  }
  readonly jit: (of: never) => unknown
  readonly vjp: (of: never, at: never) => unknown
}

/**
 * What a model does up to its next attention, or from its last one to the loss, a number: of `carried`, which is
 * `{ out, rest }` behind an attention and `{}` at first, it makes `{ q, k, v, rest }`. It uses its arguments up, and
 * `data` is not differentiated. What is carried is of float32.
 */
export type Part = (params: never, carried: never, data: never) => JaxTree

/**
 * The loss and its gradient by the parameters, as `valueAndGrad` of jax has them; both arguments are used up.
 *
 * @param parts one more than there are attentions
 */
export function valueAndGradOfParts<P>(
  jax: JaxWithDerivatives,
  attend: JaxAttention,
  parts: readonly Part[],
): (params: P, data: object) => Promise<[loss: JaxArray, gradient: P]> {
  const { tree, jit, vjp } = jax as unknown as Typed
  const { ref, dispose, map } = tree
  const { numpy: np } = jax
  const forwards = parts.map((part) => jit(part as Typed['part']))
  const pulls = parts.map((part) =>
    jit((params: unknown, carried: unknown, data: unknown, cotangent: unknown) => {
      // Each result depends on `zero`: jax-js 0.1.25 errs where one depends on no argument, and refuses to differentiate
      // where another is computed from one.
      const of = (params: unknown, carried: unknown, zero: Summand): unknown => {
        const results = (part as Typed['part'])(params, carried, data)
        const sums = map((result: Summand) => result.add(zero.ref), results)
        zero.dispose()
        return sums
      }
      const [value, pull] = vjp(of, [params, carried, np.zeros([])])
      const [dparams, dcarried, dzero] = pull(cotangent)
      dispose([value, dzero])
      return [dparams, dcarried]
    }),
  )
  return async (params, data) => {
    const before: unknown[] = []
    const cuts: Record<'q' | 'k' | 'v' | 'rest', JaxArray>[] = []
    let carried: unknown = {}
    for (const forward of forwards) {
      before.push(ref(carried))
      const made = forward(ref(params), carried, ref(data)) as (typeof cuts)[number]
      cuts.push(made)
      carried = made
      if (before.length === parts.length) break
      const { q, k, v, rest } = made
      carried = { out: await attend(q.ref, k.ref, v.ref), rest }
    }
    let gradient: unknown
    let cotangent: unknown = np.ones([])
    for (const [part, pull] of [...pulls.entries()].reverse()) {
      const [dparams, dcarried] = pull(ref(params), before[part], ref(data), cotangent) as [
        unknown,
        Record<'out' | 'rest', JaxArray>,
      ]
      gradient = gradient === undefined ? dparams : map(np.add, gradient, dparams)
      const { q, k, v } = cuts[part - 1] ?? {}
      if (q === undefined || k === undefined || v === undefined) continue
      const [dq, dk, dv] = await attend.vjp(q, k, v, dcarried.out)
      cotangent = { q: dq, k: dk, v: dv, rest: dcarried.rest }
    }
    dispose([params, data])
    return [carried as JaxArray, gradient as P]
  }
}

interface Summand extends JaxArray {
  add(other: this): this
}

/** The same functions, of trees whatever they hold. */
interface Typed {
  readonly part: (params: unknown, carried: unknown, data: unknown) => unknown
  readonly tree: {
    readonly ref: <T>(tree: T) => T
    readonly dispose: (tree: unknown) => void
    readonly map: (of: (...leaves: never[]) => unknown, ...trees: unknown[]) => unknown
  }
  readonly jit: <F extends (...args: never[]) => unknown>(of: F) => F
  readonly vjp: (
    of: (...args: never[]) => unknown,
    at: unknown,
  ) => [value: unknown, pull: (cotangent: unknown) => unknown[]]
}
