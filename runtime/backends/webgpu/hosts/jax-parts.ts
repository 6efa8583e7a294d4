/**
 * The chain rule for a model that is cut at its attentions, since jax-js has no derivatives of one's own: jax
 * differentiates the parts between two attentions, which are compiled, and computed once more for their derivatives.
 */
import type { JaxArray, JaxAttention } from './jax-array.ts'
import type { Counts } from './shapes.ts'

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
 * The loss and its gradient by the parameters, as `valueAndGrad` of jax has them; parameters and data are used up, also
 * where the call fails. Its last argument says how many rows of each batch item count, to all attentions.
 *
 * @param parts one more than there are attentions
 */
export function valueAndGradOfParts<P>(
  jax: JaxWithDerivatives,
  attend: JaxAttention,
  parts: readonly Part[],
): (params: P, data: object, counts?: Counts) => Promise<[loss: JaxArray, gradient: P]> {
  const { tree, jit } = jax as unknown as Typed
  const { ref, dispose, map } = tree
  const { numpy: np } = jax
  const forwards = parts.map((part) => jit(part as Typed['part']))
  const pulls = parts.map((part) => jit(pullOf(jax, part as Typed['part'])))
  const run = async (
    held: Held,
    params: unknown,
    data: unknown,
    counts?: Counts,
  ): Promise<[unknown, unknown]> => {
    const before: unknown[] = []
    const cuts: Omit<Cut, 'rest'>[] = []
    let carried: unknown = {}
    for (const forward of forwards) {
      before.push(held.keep(ref(carried)))
      const made = forward(ref(params), held.use(carried), ref(data))
      if (before.length === parts.length) {
        carried = held.keep(made)
        break
      }
      const { q, k, v, rest } = made as Cut
      for (const one of [q, k, v, rest]) held.keep(one)
      cuts.push({ q, k, v })
      const out = held.keep(await attend(q.ref, k.ref, v.ref, counts))
      carried = held.keep({ out: held.use(out), rest: held.use(rest) })
    }
    let gradient: unknown
    let cotangent: unknown = held.keep(np.ones([]))
    for (const [part, pull] of [...pulls.entries()].reverse()) {
      const given = [ref(params), held.use(before[part]), ref(data), held.use(cotangent)] as const
      const [dparams, dcarried] = pull(...given) as [
        unknown,
        { readonly out: JaxArray; readonly rest: JaxArray },
      ]
      for (const one of [dparams, ...Object.values(dcarried)]) held.keep(one)
      gradient = held.keep(
        gradient === undefined ? held.use(dparams) : map(np.add, held.use(gradient), held.use(dparams)),
      )
      const cut = cuts[part - 1]
      if (cut === undefined) continue
      const [q, k, v, out] = [cut.q, cut.k, cut.v, dcarried.out].map((one) => held.use(one)) as [
        JaxArray,
        JaxArray,
        JaxArray,
        JaxArray,
      ]
      const [dq, dk, dv] = await attend.vjp(q, k, v, out, counts)
      cotangent = held.keep({ q: dq, k: dk, v: dv, rest: held.use(dcarried.rest) })
    }
    return [held.use(carried), held.use(gradient)]
  }
  return async (params, data, counts) => {
    const held = new Held()
    try {
      return (await run(held, params, data, counts)) as [JaxArray, never]
    } finally {
      // After a failure they are what was on its way.
      dispose([params, data, ...held.trees])
    }
  }
}

/** The cotangents of a part's parameters and of what is carried into it, by that of its result. */
function pullOf(jax: JaxWithDerivatives, part: Typed['part']) {
  const { tree, vjp } = jax as unknown as Typed
  const { dispose, map } = tree
  const { numpy: np } = jax
  return (params: unknown, carried: unknown, data: unknown, cotangent: unknown): unknown[] => {
    // Each result depends on `zero`: jax-js 0.1.25 errs where one depends on no argument, and refuses to differentiate
    // where another is computed from one.
    const of = (params: unknown, carried: unknown, zero: Summand): unknown => {
      const results = part(params, carried, data)
      const sums = map((result: Summand) => result.add(zero.ref), results)
      zero.dispose()
      return sums
    }
    const [value, pull] = vjp(of, [params, carried, np.zeros([])])
    const [dparams, dcarried, dzero] = pull(cotangent)
    dispose([value, dzero])
    return [dparams, dcarried]
  }
}

/** What an attention is between. */
type Cut = Readonly<Record<'q' | 'k' | 'v' | 'rest', JaxArray>>

/** Trees that nobody has used up yet. One that is kept twice is held by two references. */
class Held {
  readonly trees: unknown[] = []

  keep<Tree>(tree: Tree): Tree {
    this.trees.push(tree)
    return tree
  }

  use<Tree>(tree: Tree): Tree {
    const place = this.trees.lastIndexOf(tree)
    if (place >= 0) this.trees.splice(place, 1)
    return tree
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
