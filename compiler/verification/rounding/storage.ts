/** What storage of tensors as f16 makes of a call, and of the bound on its result. */
import { LARGEST, narrow, widen } from '../../../runtime/storage/half.ts'
import type { Call, Storage } from '../execution/executor.ts'

/** The call with q, k and v as they are stored: each entry the nearest that there is, within the largest. */
export function storedCall(call: Call, storage: Storage): Call {
  if (storage === 'f32') return call
  const stored = (entries: Float32Array): Float32Array =>
    widen(narrow(entries.map((entry) => Math.max(-LARGEST, Math.min(LARGEST, entry)))).halves)
  return { ...call, q: stored(call.q), k: stored(call.k), v: stored(call.v) }
}

/** Half a unit in the last of 11 binary digits, and half the distance of the smallest numbers. */
const relative = 2 ** -11
const absolute = 2 ** -25

/** How far stored results may be from their values, where f32 arithmetic may be off by `allowed`. */
export const storedTolerances = (
  expected: Float64Array,
  allowed: Float64Array,
  storage: Storage,
): Float64Array =>
  storage === 'f32'
    ? allowed
    : allowed.map((bound, n) => bound + relative * (Math.abs(expected[n] ?? 0) + bound) + absolute)

/** Whether one of these results may be beyond what is stored, so that the call may end in the error `range`. */
export const mayBeBeyond = (expected: Float64Array, allowed: Float64Array): boolean =>
  expected.some((value, n) => Math.abs(value) + (allowed[n] ?? 0) > LARGEST)
