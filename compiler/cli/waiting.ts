/**
 * Dawn for Node.js asks its device whether it is done in a loop of `setImmediate`, which keeps one processor busy for
 * as long as it waits: the one that a software device could compute with.
 */

/** Most waits are shorter, and are not to be made longer. */
const eagerMilliseconds = 2
const pauseMilliseconds = 1

/**
 * Has Dawn ask at leisure after the first two milliseconds of a wait. Replaces the global `setImmediate` for Dawn's
 * calls of it, so it is for programs that are a process of their own, not for libraries.
 */
export function waitWithoutSpinning(): void {
  const immediately = globalThis.setImmediate
  let asking = false
  let since = 0

  const schedule = (callback: (...args: unknown[]) => void, ...args: unknown[]): unknown => {
    if (!isDawns(callback)) return immediately(callback, ...args)
    // Dawn goes on waiting from inside its callback, and starts a new wait from anywhere else.
    if (!asking) since = performance.now()
    const ask = (): void => {
      asking = true
      try {
        callback(...args)
      } finally {
        asking = false
      }
    }
    const eager = performance.now() - since < eagerMilliseconds
    return eager ? immediately(ask) : setTimeout(ask, pauseMilliseconds)
  }
  globalThis.setImmediate = Object.assign(schedule, immediately)
}

/** A nameless function that is not written in JavaScript. */
const isDawns = (callback: Function): boolean =>
  callback.name === '' && /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(callback))
