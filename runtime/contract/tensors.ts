/**
 * The tensors that a file declares: inputs, which have a value for each token of a call, and weights, which are the
 * same in all calls. Whoever checks, binds or interprets them goes through a list of these and names none.
 */

/** The head counts of a call. Each divides the largest, which is that of the output. */
export interface HeadCounts {
  /** H, of q. */
  readonly heads: number
  /** KVH, of k. */
  readonly kvHeads: number
  /** VH, of v; KVH where it is not given. */
  readonly valueHeads?: number | undefined
  /** Whether head h of the output uses head h mod n of a tensor with n heads, and not ⌊h·n/heads⌋. */
  readonly headOrder?: HeadOrder | undefined
}

export type HeadOrder = 'grouped' | 'tiled'

/** Whose a tensor is; `shared`: of no head. */
export type TensorHeads = 'heads' | 'kvHeads' | 'valueHeads' | 'outputHeads' | 'shared'

/** One declared tensor, [B, heads, rows, …shape] of an input and [heads, …shape] of a weight; `shared` ones have no heads. */
export interface TensorPlan {
  readonly name: string
  readonly role: 'input' | 'weight'
  /** Integers are exact up to 2²⁴, and a call with fractions is refused. */
  readonly element: 'number' | 'integer'
  /** Of one row of an input, or of one head of a weight: [], [n] or [n, p]. */
  readonly shape: readonly number[]
  readonly heads: TensorHeads
  /** Of inputs: whether its rows are those of queries or of keys. */
  readonly rows?: 'length' | 'keyLength'
  /** A call does without it. */
  readonly optional?: true
}

interface Sizes extends HeadCounts {
  readonly batch: number
  readonly length: number
  readonly keyLength: number
}

/** H′, of the output: the largest count. */
export const outputHeads = ({ heads, kvHeads, valueHeads = kvHeads }: HeadCounts): number =>
  Math.max(heads, kvHeads, valueHeads)

/** How many heads of this kind a call has; 1 for what no head has of its own. */
export function headsOf(of: TensorHeads, counts: HeadCounts): number {
  switch (of) {
    case 'shared':
      return 1
    case 'outputHeads':
      return outputHeads(counts)
    case 'valueHeads':
      return counts.valueHeads ?? counts.kvHeads
    case 'heads':
    case 'kvHeads':
      return counts[of]
  }
}

/** Which of `count` heads output head `head` uses. */
export const headFor = (head: number, count: number, counts: HeadCounts): number =>
  counts.headOrder === 'tiled' ? head % count : Math.floor((head * count) / outputHeads(counts))

/** Its axes in words and numbers, such as batch 2 × heads 4 × length 7 × 3. */
export function axesOf(
  { role, heads, rows, shape }: TensorPlan,
  sizes: Sizes,
): readonly (readonly [string, number])[] {
  return [
    ...(role === 'input' ? [['batch', sizes.batch] as const] : []),
    ...(heads === 'shared' ? [] : [[heads, headsOf(heads, sizes)] as const]),
    ...(rows === undefined ? [] : [[rows, sizes[rows]] as const]),
    ...shape.map((size) => ['', size] as const),
  ]
}

/** The names of its axes, and the numbers of those that the file says. */
export const axisNames = ({ role, heads, rows, shape }: TensorPlan): readonly string[] => [
  ...(role === 'input' ? ['batch'] : []),
  ...(heads === 'shared' ? [] : [heads]),
  ...(rows === undefined ? [] : [rows]),
  ...shape.map(String),
]

/** How many numbers it has. */
export const countOf = (plan: TensorPlan, sizes: Sizes): number =>
  axesOf(plan, sizes).reduce((product, [, size]) => product * size, 1)

/** Its axes as text. */
export const describeAxes = (plan: TensorPlan, sizes: Sizes): string =>
  axesOf(plan, sizes)
    .map(([name, size]) => `${name} ${size}`.trim())
    .join(' × ') || '1'

/** The name of its buffer: programs have others by whatever name a file may give. */
export const declaredBuffer = ({ name, role }: TensorPlan): string =>
  `${name}${role === 'input' ? 'Input' : 'Weight'}`

/** The name of the tensor of such a buffer. */
export const declaredName = (buffer: string): string => buffer.replace(/(Input|Weight)$/, '')
