/** What has been found of each stage, call by call. */

export interface StageResult<Stage extends string = string> {
  readonly stage: Stage
  /** Calls that were computed both ways; 0 where the stage cannot be interpreted. */
  readonly calls: number
  /** The largest error over the largest value. */
  readonly error: number
  /** Where the stage says something else, in a sentence. */
  readonly wrong?: string
}

/** One call of a stage. */
export interface Comparison {
  readonly error: number
  readonly wrong: string | undefined
}

/** Results by stage; a stage that has been found wrong is not run again. */
export class Results<Stage extends string> {
  readonly #found = new Map<Stage, Omit<StageResult, 'stage'>>()

  /** @param stages in the order in which they are told */
  constructor(stages: readonly Stage[]) {
    for (const stage of stages) this.#found.set(stage, { calls: 0, error: 0 })
  }

  /**
   * Runs a stage on a call.
   *
   * @param run gives nothing where the stage cannot be interpreted
   * @returns what came out, where it is right: the next stage is held to it, and else to what should have come out
   */
  hold<Output>(
    stage: Stage,
    run: () => Output | undefined,
    compare: (output: Output) => Comparison,
  ): Output | undefined {
    const { calls, error, wrong: before } = this.#found.get(stage) ?? { calls: 0, error: 0 }
    const output = before === undefined ? run() : undefined
    if (output === undefined) return undefined
    const { error: own, wrong } = compare(output)
    this.#found.set(stage, {
      calls: calls + 1,
      error: Math.max(error, own),
      ...(wrong !== undefined && { wrong }),
    })
    return wrong === undefined ? output : undefined
  }

  get all(): StageResult<Stage>[] {
    return [...this.#found].map(([stage, found]) => ({ stage, ...found }))
  }
}

/** The largest difference over the largest value; the difference where all values are 0. */
export function relativeError(found: ArrayLike<number>, known: ArrayLike<number>): number {
  let gap = 0
  let largest = 0
  for (let index = 0; index < known.length; index++) {
    const value = known[index] ?? 0
    gap = Math.max(gap, Math.abs((found[index] ?? Number.NaN) - value))
    largest = Math.max(largest, Math.abs(value))
  }
  return largest === 0 ? gap : gap / largest
}

/** Float64 rounds 2^29 times finer than f32; that leaves room for what is added in another order. */
export const float64Share = 2 ** -25
