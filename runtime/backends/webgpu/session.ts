/**
 * A device for as long as one attention uses it: turns its loss and its errors
 * into rejections of the calls that they concern.
 */
import { AttentionError, destroyed, isAttentionError, messageOf } from '../../errors.ts'

/** Milliseconds in which a device that is lost will have said so. */
const PATIENCE = 1000

/** `lost` remembers whoever subscribes for as long as the device lives, so each device is asked once. */
const running = new WeakMap<GPUDevice, Set<Session>>()

/** Those to be told when the device is lost. */
function sessionsOn(device: GPUDevice): Set<Session> {
  const known = running.get(device)
  if (known) return known
  const sessions = new Set<Session>()
  running.set(device, sessions)
  void tellOfLoss(device, sessions)
  return sessions
}

async function tellOfLoss(device: GPUDevice, sessions: Set<Session>): Promise<void> {
  const { reason, message } = await device.lost
  // Who comes later asks again.
  running.delete(device)
  for (const session of sessions) session.lose([reason, message].filter(Boolean).join(': '))
}

export class Session {
  readonly name: string
  readonly device: GPUDevice
  readonly #owned: boolean
  readonly #pending = new Set<(reason: AttentionError) => void>()
  #ended: AttentionError | undefined

  constructor(name: string, device: GPUDevice, owned: boolean) {
    this.name = name
    this.device = device
    this.#owned = owned
    sessionsOn(device).add(this)
  }

  lose(how: string): void {
    this.#end(
      new AttentionError(
        'device-lost',
        `The device of ${this.name} was lost (${how}). ` +
          'Create a new attention with create(), on a new device if you passed one.',
      ),
    )
  }

  /** Throws after `end()`, or once the device is lost. */
  assertUsable(): void {
    if (this.#ended !== undefined) throw this.#ended
  }

  /**
   * Issues commands, and settles as `work` does, unless the device refuses a
   * command, is lost, or `end()` comes first. What `work` does before its first
   * await is under the error scopes: scopes are a stack of the device's, and
   * overlapping calls would otherwise close each other's.
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.assertUsable()
    const { device } = this
    device.pushErrorScope('validation')
    device.pushErrorScope('out-of-memory')
    const result = work()
    const scopes = Promise.all([device.popErrorScope(), device.popErrorScope()])
    // Each may fail while the other is awaited, and is then the lesser news.
    result.catch(() => {})
    return this.#untilEnd(
      scopes.then(async ([memory, validation]) => {
        if (memory ?? validation)
          throw (await import('./refusal.ts')).refusedCall(this.name, memory, validation)
        return result
      }),
    )
  }

  end(): void {
    this.#end(destroyed(this.name))
    if (this.#owned) this.device.destroy()
  }

  #end(reason: AttentionError): void {
    running.get(this.device)?.delete(this)
    this.#ended ??= reason
    for (const reject of this.#pending) reject(this.#ended)
    this.#pending.clear()
  }

  #untilEnd<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#pending.add(reject)
      const settle = (finish: () => void): void => {
        this.#pending.delete(reject)
        finish()
      }
      promise.then(
        (value) => settle(() => resolve(value)),
        (thrown: unknown) => {
          if (isAttentionError(thrown)) return settle(() => reject(thrown))
          // A lost device also aborts what was pending; its own message may come later, and says more.
          setTimeout(
            () => settle(() => reject(new AttentionError('gpu', `${this.name}: ${messageOf(thrown)}`))),
            PATIENCE,
          )
        },
      )
    })
  }
}
