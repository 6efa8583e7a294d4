/** A call that outlives the caller's hold on it. */

/**
 * The same call, whose arrays the caller may change from now on, also those of a saved state's tensors. A state may go on,
 * too: there is a copy of it in the call, to be freed.
 */
export const ownCall = <Call>(call: Call): Call =>
  Object(call) === call
    ? (Object.fromEntries(
        Object.entries(call as object).map(([name, value]: [string, Own | undefined]) => [
          name,
          name === 'tensors' || name === 'dstate' || name === 'inputs'
            ? ownCall(value)
            : (value?.slice?.() ?? value?.copy?.() ?? value),
        ]),
      ) as Call)
    : call

interface Own {
  readonly slice?: () => unknown
  readonly copy?: () => unknown
}

/** What a call gives that waits for something: until then the caller may change what it brings. */
export const withOwn = <Call, R>(call: Call, run: (own: Call) => Promise<R>): Promise<R> => {
  const own = ownCall(call)
  const copied = stateOf(own)
  // What has no copy is the caller's, whatever it is.
  return run(own).finally(() => copied !== stateOf(call) && copied?.destroy?.())
}

const stateOf = (call: unknown): { readonly destroy?: () => void } | undefined =>
  (call as { readonly state?: { readonly destroy?: () => void } } | undefined)?.state
