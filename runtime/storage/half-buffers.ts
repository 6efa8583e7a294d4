/** Buffers of f16 on a device, and one of f32 that stands in for a result where kernels write no f16. */
import { Buffers, KEPT_STORAGE, upload } from '../backends/webgpu/buffers.ts'
import { COMPUTE_STAGE } from '../backends/webgpu/constants.ts'
import type { Session } from '../backends/webgpu/session.ts'
import { Staging } from '../backends/webgpu/staging.ts'
import { narrowing, widening } from './halves.wgsl.ts'

/** Workgroups that every device grants in one dimension; each takes further turns. */
const MOST_WORKGROUPS = 65_535
/** Numbers that a workgroup converts in a turn. */
const PER_TURN = 128

/** So many numbers of f16, in the caller's buffer or as the bits in an array of theirs; of a result nowhere yet. */
export interface HalfTensor {
  readonly count: number
  readonly buffer?: GPUBuffer
  readonly bits?: Uint16Array
}

/** Something for each tensor of a call. */
export type TensorsByName<T> = Readonly<Record<'q' | 'k' | 'v' | 'out', T>>

/** How a call runs. */
export interface Manner {
  /** Whether its commands are all submitted, or recorded, before those of another. */
  readonly prompt: boolean
  /** Whether kernels leave `out` as f32. */
  readonly wideOut: boolean
  /** Whether `out` is to come back to the host. */
  readonly onHost: boolean
}

/** What a call has for its tensors. */
export interface Lent {
  readonly count: number
  /** For the call, by name. */
  readonly tensors: TensorsByName<GPUBuffer>
  /** What will hold the f16 of `out`. */
  readonly halves: GPUBuffer
  /** Frees what is not kept; `halves` as well, where they were made and nobody wants them. */
  readonly free: (outIsWanted: boolean) => void
}

/** What has become of a call's `out`. */
export interface Finished {
  /** Whether a number was too large, where that was asked. */
  readonly beyond: boolean
  /** The bits, where they come back to the host. */
  readonly bits: Uint16Array<ArrayBuffer> | undefined
}

export class HalfBuffers {
  readonly #device: GPUDevice
  readonly #session: Session
  readonly #widen: GPUComputePipeline
  readonly #narrow: GPUComputePipeline
  /** Of calls whose commands follow one another in the queue, whichever comes next. */
  readonly #kept: Buffers
  readonly #staging: Staging

  private constructor(session: Session, pipelines: readonly [GPUComputePipeline, GPUComputePipeline]) {
    this.#device = session.device
    this.#session = session
    ;[this.#widen, this.#narrow] = pipelines
    this.#kept = new Buffers(session.device, `attnc ${session.name} f16`)
    this.#staging = new Staging(this.#kept)
  }

  static async open(session: Session): Promise<HalfBuffers> {
    const { device } = session
    const pipelines = await Promise.all([
      compile(device, 'attnc widen', widening, ['read-only-storage', 'storage']),
      compile(device, 'attnc narrow', narrowing, ['read-only-storage', 'storage', 'storage']),
    ])
    return new HalfBuffers(session, pipelines)
  }

  /** @throws AttentionError after `destroy`, or once the device is lost */
  assertUsable(): void {
    this.#session.assertUsable()
  }

  /** Commands of `work` before its first await; rejects where the device refuses one. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#session.run(work)
    } catch (thrown) {
      this.#kept.forget()
      throw thrown
    }
  }

  /** Uploads arrays, and finds room for the rest. */
  lend(tensors: TensorsByName<HalfTensor>, { prompt, wideOut, onHost }: Manner): Lent {
    const own: GPUBuffer[] = []
    const room = (name: string, bytes: number): GPUBuffer => {
      if (prompt) return this.#kept.get(name, bytes, KEPT_STORAGE)
      const buffer = this.#kept.create(name, bytes, KEPT_STORAGE)
      own.push(buffer)
      return buffer
    }
    const input = (name: 'q' | 'k' | 'v'): GPUBuffer => {
      const { count, buffer, bits } = tensors[name]
      if (buffer !== undefined) return buffer
      const words = new Uint32Array(wordsOf(count))
      if (bits !== undefined) new Uint16Array(words.buffer).set(bits)
      const filled = room(name, words.byteLength)
      upload(this.#device, filled, words)
      return filled
    }
    const { count, buffer } = tensors.out
    const bytes = wordsOf(count) * 4
    const halves = buffer ?? (onHost ? room('out', bytes) : this.#kept.create('result', bytes, KEPT_STORAGE))
    const out = wideOut ? room('wide', count * 4) : halves
    return {
      count,
      tensors: { q: input('q'), k: input('k'), v: input('v'), out },
      halves,
      free: (outIsWanted) => {
        for (const one of own) one.destroy()
        if (buffer === undefined && !onHost && !outIsWanted) halves.destroy()
      },
    }
  }

  /** From now on replaced buffers are left to the garbage collector, since recorded commands may name them. */
  leaveReplaced(): void {
    this.#kept.leaveReplaced()
  }

  /** Submits that the caller's `out` is read, which so stays as it is where the call is refused. */
  submitWidening({ tensors, halves, count }: Lent): void {
    const encoder = this.#encoder()
    this.#record(encoder, this.#widen, [part(halves, wordsOf(count)), part(tensors.out, count)], count)
    this.#device.queue.submit([encoder.finish()])
  }

  /**
   * Records that numbers of f32 are written as f16.
   *
   * @param beyond one word, set to 1 where a number is too large
   */
  narrow(
    encoder: GPUCommandEncoder,
    { tensors, halves, count }: Lent,
    beyond = this.#kept.get('beyond', 4, KEPT_STORAGE),
  ): void {
    const parts = [part(tensors.out, count), part(halves, wordsOf(count)), part(beyond, 1)]
    this.#record(encoder, this.#narrow, parts, count)
  }

  /** Submits what is left to do for `out`. */
  async finish(lent: Lent, { wideOut, onHost }: Manner, ask: boolean): Promise<Finished> {
    if (!wideOut && !onHost) return { beyond: false, bits: undefined }
    const encoder = this.#encoder()
    if (!ask && !onHost) {
      this.narrow(encoder, lent)
      this.#device.queue.submit([encoder.finish()])
      return { beyond: false, bits: undefined }
    }
    const word = ask ? this.#kept.create('beyond', 4, KEPT_STORAGE) : undefined
    if (wideOut) this.narrow(encoder, lent, word)
    const sources = [
      ...(word ? [part(word, 1)] : []),
      ...(onHost ? [part(lent.halves, wordsOf(lent.count))] : []),
    ]
    const sizes = sources.map(({ size }) => size)
    const staging = this.#staging.take(sizes.reduce((sum, size) => sum + size, 0))
    let offset = 0
    for (const { buffer, size } of sources) {
      encoder.copyBufferToBuffer(buffer, 0, staging, offset, size)
      offset += size
    }
    this.#device.queue.submit([encoder.finish()])
    try {
      const pieces = await this.#staging.read(staging, sizes)
      const large = word && pieces.shift()
      const [out] = pieces
      return {
        beyond: large !== undefined && new Uint32Array(large)[0] !== 0,
        bits: out && new Uint16Array(out).slice(0, lent.count),
      }
    } finally {
      word?.destroy()
    }
  }

  destroy(): void {
    this.#staging.destroy()
    this.#kept.destroy()
    this.#session.end()
  }

  #encoder(): GPUCommandEncoder {
    return this.#device.createCommandEncoder({ label: `attnc ${this.#session.name} f16` })
  }

  #record(
    encoder: GPUCommandEncoder,
    pipeline: GPUComputePipeline,
    parts: readonly GPUBufferBinding[],
    count: number,
  ): void {
    const bindGroup = this.#device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: parts.map((resource, binding) => ({ binding, resource })),
    })
    const pass = encoder.beginComputePass()
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, bindGroup)
    pass.dispatchWorkgroups(Math.min(MOST_WORKGROUPS, Math.ceil(count / PER_TURN)))
    pass.end()
  }
}

/** Words of 4 bytes that so many numbers of f16 take. */
const wordsOf = (count: number): number => Math.ceil(count / 2)

/** The first words of a buffer, whose number kernels read from the binding. */
const part = (buffer: GPUBuffer, words: number): { buffer: GPUBuffer; size: number } => ({
  buffer,
  size: words * 4,
})

function compile(
  device: GPUDevice,
  label: string,
  code: string,
  types: readonly GPUBufferBindingType[],
): Promise<GPUComputePipeline> {
  const entries = types.map((type, binding) => ({ binding, visibility: COMPUTE_STAGE, buffer: { type } }))
  const layout = device.createPipelineLayout({
    bindGroupLayouts: [device.createBindGroupLayout({ entries })],
  })
  const module = device.createShaderModule({ label, code })
  return device.createComputePipelineAsync({ label, layout, compute: { module } })
}
