/**
 * A process that ends while its device computes takes memory down that the device's threads still use: on software
 * devices it then dies by a signal. Destroying a device waits for what it does, so that is done first.
 */

/** Every device of this process, as long as somebody holds it. */
export type Devices = Set<WeakRef<GPUDevice>>

type Request = (this: unknown, ...args: unknown[]) => Promise<GPUDevice>

/** From now on devices of Dawn's module are destroyed when the process exits; to be called once per process. */
export function destroyOnExit({ GPUAdapter: adapter }: Readonly<Record<string, unknown>>): Devices {
  const devices: Devices = new Set()
  const { prototype } = adapter as { readonly prototype: { requestDevice: Request } }
  const { requestDevice } = prototype
  prototype.requestDevice = function (...args) {
    const pending = requestDevice.apply(this, args)
    pending.then(
      (device) => {
        for (const known of devices) if (known.deref() === undefined) devices.delete(known)
        return devices.add(new WeakRef(device))
      },
      () => {},
    )
    return pending
  }
  // Also after an exception that nobody caught; a signal ends the process without taking anything down.
  process.once('exit', () => {
    for (const device of devices) device.deref()?.destroy()
  })
  return devices
}
