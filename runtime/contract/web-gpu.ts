/**
 * The interfaces of WebGPU that callers hand in and get back. A program that declares them, by the DOM library of
 * TypeScript 6 on or by `@webgpu/types`, has its own here. One that does not still has types of what attnc gives it: a
 * package that brought these interfaces along would declare them twice in the programs that have them.
 */
type Global<Name extends string, Otherwise> =
  typeof globalThis extends Readonly<Record<Name, { prototype: infer Interface }>> ? Interface : Otherwise

export type GPUDevice = Global<'GPUDevice', Device>
export type GPUBuffer = Global<'GPUBuffer', DeviceBuffer>
export type GPUCommandEncoder = Global<'GPUCommandEncoder', Encoder>

interface Device {
  readonly features: ReadonlySet<string>
  readonly limits: object
  readonly queue: object
  readonly lost: Promise<unknown>
  destroy(): void
}

interface DeviceBuffer {
  /** In bytes. */
  readonly size: number
  readonly usage: number
  destroy(): void
}

interface Encoder {
  finish(): object
}
