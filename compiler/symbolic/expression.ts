/**
 * Expressions: the one form in which features, kernels, masks and decays are
 * held, from the checked spec to the kernels.
 *
 * An expression is a tree of three kinds of node as the user writes it
 * (constant, variable, apply), and of two more in *component form*, which
 * `components.ts` derives from it:
 *
 *   element(v, t)          entry t of the vector variable v
 *   reduce(op, t, n, body) sum or maximum of body over t = 0 … n−1
 *
 * Component form has scalar nodes only: every `dot`, `norm`, `softmax` or
 * `outer` has become elements under reductions, because loops, derivatives and
 * ranges are made entry by entry.
 *
 * Every node carries its type. Nodes are immutable and may be shared.
 */

/**
 * The type of a value. Vectors carry their number of entries. Matrices are weights alone, which
 * `product` multiplies rows by; a state is the [features, value_dim] matrix that a recurrence carries.
 */
export type Type =
  | { readonly kind: 'scalar' }
  | { readonly kind: 'vector'; readonly size: number }
  | { readonly kind: 'matrix'; readonly rows: number; readonly columns: number }
  | { readonly kind: 'state' }
  | { readonly kind: 'boolean' }

/** The type of a number. */
export const scalar: Type = { kind: 'scalar' }
/** The type of a condition. */
export const boolean: Type = { kind: 'boolean' }
/** The type of a row of `size` numbers. */
export const vector = (size: number): Type => ({ kind: 'vector', size })
/** The type of a weight of `rows` rows. */
export const matrix = (rows: number, columns: number): Type => ({ kind: 'matrix', rows, columns })
/** The type of what a recurrence carries. */
export const state: Type = { kind: 'state' }

/** A node of the tree, with its children. */
export type Expression = Constant | Variable | Apply | Element | Reduce

/** A number. */
export interface Constant {
  readonly kind: 'constant'
  readonly type: Type
  readonly value: number
}

/**
 * A name whose value comes from outside. Rows: `x` and `w` in a feature, `q`
 * and `k` in a kernel. Scalars known at run time: `position` and `length` in a
 * feature, `i`, `j` and `length` in a mask, `head` in a decay. Index variables
 * bound by an enclosing reduce, and `component`, the index of an entry within
 * a vector-valued block.
 */
export interface Variable {
  readonly kind: 'variable'
  readonly type: Type
  readonly name: string
  /** It is a tensor of the call, of which nothing is known but that it is finite, and whether it is integers. */
  readonly given?: 'numbers' | 'integers'
}

/** An operator of `operators.ts` on its arguments; scalars broadcast over vectors. */
export interface Apply {
  readonly kind: 'apply'
  readonly type: Type
  readonly operator: string
  readonly args: readonly Expression[]
}

/** One entry of a vector variable. */
export interface Element {
  readonly kind: 'element'
  readonly type: Type
  /** Name of a vector variable. */
  readonly vector: string
  /** Scalar, an integer within the vector. */
  readonly index: Expression
}

/** A sum or a maximum over an index that it binds. */
export interface Reduce {
  readonly kind: 'reduce'
  readonly type: Type
  readonly operator: 'sum' | 'maximum'
  /** Name of the index variable that `body` sees. */
  readonly index: string
  readonly size: number
  readonly body: Expression
}
