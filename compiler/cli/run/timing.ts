/** What a call takes on the host's clock: upload, dispatches and readback. */

export interface Timing {
  /** The first call; of a measurement, with opening the device and making the kernels. */
  readonly first: number
  /** Of the calls after it. */
  readonly median: number
  /** How many those were. */
  readonly calls: number
}

/** Calls until there are `most` of them, or they have taken `budget`; at least one beyond the first. */
export async function timed<Result>(
  call: () => Promise<Result>,
  most: number,
  budget = 3000,
): Promise<{ readonly result: Result; readonly timing: Timing }> {
  const start = performance.now()
  const result = await call()
  const first = performance.now() - start
  const times: number[] = []
  for (let spent = 0; times.length < most && (times.length === 0 || spent < budget);) {
    const began = performance.now()
    await call()
    times.push(performance.now() - began)
    spent += times.at(-1) ?? 0
  }
  return { result, timing: { first, median: median(times), calls: times.length } }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2
}
