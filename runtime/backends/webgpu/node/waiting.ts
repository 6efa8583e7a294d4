/**
 * Dawn for Node.js asks its device whether it is done in a loop of `setImmediate`, which keeps one processor busy for
 * as long as it waits: the one that a software device could compute with. Here Dawn is lent another `setImmediate`
 * while its own functions run, and nobody else is, so that it asks at leisure once a wait is no short one.
 */

/** Most waits for a GPU are shorter, and are not to be made longer. */
const eagerMilliseconds = 0.5
const pauseMilliseconds = 1

/** What starts a wait, by class. */
const waits = {
  GPU: ['requestAdapter'],
  GPUAdapter: ['requestDevice'],
  GPUDevice: ['createComputePipelineAsync', 'createRenderPipelineAsync', 'popErrorScope'],
  GPUQueue: ['onSubmittedWorkDone'],
  GPUShaderModule: ['getCompilationInfo'],
  GPUBuffer: ['mapAsync'],
}

type Method = (this: unknown, ...args: unknown[]) => unknown

const PATIENT = Symbol.for('attnc.waits-without-spinning')

/** Has the classes of Dawn's module wait so; again, it does nothing. */
export function waitWithoutSpinning(globals: Readonly<Record<string, unknown>>): void {
  for (const [name, methods] of Object.entries(waits)) {
    const { prototype } = (globals[name] ?? {}) as { prototype?: Record<string, Method> }
    for (const method of methods) {
      const original = prototype?.[method]
      if (prototype === undefined || original === undefined || PATIENT in original) continue
      const patient: Method = function (...args) {
        return lent(performance.now(), () => original.apply(this, args))
      }
      prototype[method] = Object.assign(patient, { [PATIENT]: true })
    }
  }
}

/** Calls Dawn, which may ask for an immediate to go on waiting in. */
function lent(since: number, dawn: () => unknown): unknown {
  const immediately = globalThis.setImmediate
  const schedule = (callback: (...args: unknown[]) => void, ...args: unknown[]): unknown => {
    if (!isDawns(callback)) return immediately(callback, ...args)
    const ask = (): unknown => lent(since, () => callback(...args))
    return performance.now() - since < eagerMilliseconds
      ? immediately(ask)
      : setTimeout(ask, pauseMilliseconds)
  }
  globalThis.setImmediate = Object.assign(schedule, immediately)
  try {
    return dawn()
  } finally {
    globalThis.setImmediate = immediately
  }
}

/** A nameless function that is not written in JavaScript. */
const isDawns = (callback: Function): boolean =>
  callback.name === '' && /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(callback))
