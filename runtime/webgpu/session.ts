/**
 * A device for as long as one attention uses it: turns its loss and its errors
 * into rejections of the calls that they concern.
 */
import { AttentionError, isAttentionError, messageOf } from '../errors.ts'

/** Milliseconds in which a device that is lost will have said so. */
const PATIENCE = 1000

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
    void device.lost.then(({ reason, message }) =>
      this.#end(
        new AttentionError(
          'device-lost',
          `The device of ${name} was lost (${[reason, message].filter(Boolean).join(': ')}). ` +
            'Create a new attention with create(), on a new device if you passed one.',
        ),
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
      scopes.then(([memory, validation]) => {
        if (memory)
          throw new AttentionError(
            'out-of-memory',
            `${this.name}: the device is out of memory. ${memory.message}`,
          )
        if (validation)
          throw new AttentionError('gpu', `${this.name}: the device refused the call. ${validation.message}`)
        return result
      }),
    )
  }

  end(): void {
    this.#end(
      new AttentionError('destroyed', `${this.name} was destroyed. Create a new attention with create().`),
    )
    if (this.#owned) this.device.destroy()
  }

  #end(reason: AttentionError): void {
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
