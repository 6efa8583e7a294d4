/** A call that outlives the caller's hold on it. */

/** The same call, whose arrays the caller may change from now on, also those of a saved state's tensors. */
export const ownCall = <Call>(call: Call): Call =>
  Object(call) === call
    ? (Object.fromEntries(
        Object.entries(call as object).map(
          ([name, value]: [string, { slice?: () => unknown } | undefined]) => [
            name,
            name === 'tensors' ? ownCall(value) : (value?.slice?.() ?? value),
          ],
        ),
      ) as Call)
    : call
