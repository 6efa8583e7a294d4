/** Buffers of f16 on a device, and buffers of f32 that stand in for them while kernels compute. */
import { AttentionError, messageOf } from '../errors.ts'
import { COMPUTE_STAGE, COPY_DST, COPY_SRC, MAP_READ, STORAGE } from '../backends/webgpu/constants.ts'
import { narrowing, widening } from './halves.wgsl.ts'

/** Workgroups that every device grants in one dimension; each takes further turns. */
const MOST_WORKGROUPS = 65_535
/** Numbers that a workgroup converts in a turn. */
const PER_TURN = 128

const WIDE = STORAGE | COPY_SRC | COPY_DST

export class HalfBuffers {
  readonly #device: GPUDevice
  readonly #name: string
  readonly #widen: GPUComputePipeline
  readonly #narrow: GPUComputePipeline
  /** A word that nobody reads. */
  readonly #unread: GPUBuffer
  /** Free for the next call, by how many bytes they have: kernels read the count from the size. */
  readonly #free = new Map<number, GPUBuffer[]>()

  private constructor(
    device: GPUDevice,
    name: string,
    pipelines: readonly [GPUComputePipeline, GPUComputePipeline],
  ) {
    this.#device = device
    this.#name = name
    ;[this.#widen, this.#narrow] = pipelines
    this.#unread = this.#create('beyond', 4, WIDE)
  }

  static async open(device: GPUDevice, name: string): Promise<HalfBuffers> {
    const pipelines = await Promise.all([
      compile(device, 'attnc widen', widening, ['read-only-storage', 'storage']),
      compile(device, 'attnc narrow', narrowing, ['read-only-storage', 'storage', 'storage']),
    ])
    return new HalfBuffers(device, name, pipelines)
  }

  /** A buffer for so many numbers of f32. */
  take(count: number): GPUBuffer {
    return this.#free.get(count * 4)?.pop() ?? this.#create('wide', count * 4, WIDE)
  }

  /** A buffer for so many numbers of f16, for the caller. */
  create(name: string, count: number): GPUBuffer {
    return this.#create(name, Math.ceil(count / 2) * 4, WIDE)
  }

  /** Commands that were recorded before may still use them. */
  give(buffers: Iterable<GPUBuffer>): void {
    for (const buffer of buffers) {
      const free = this.#free.get(buffer.size) ?? []
      this.#free.set(buffer.size, [...free, buffer])
    }
  }

  /** Records that numbers of f16 are read into buffers of `take`. */
  widen(encoder: GPUCommandEncoder, pairs: Iterable<readonly [halves: GPUBuffer, wide: GPUBuffer]>): void {
    for (const [halves, wide] of pairs) this.#record(encoder, this.#widen, [halves, wide], wide.size / 4)
  }

  /**
   * Records that the f32 of a buffer of `take` are written as f16.
   *
   * @param beyond one word, set to 1 where a number is too large
   */
  narrow(
    encoder: GPUCommandEncoder,
    [halves, wide]: readonly [halves: GPUBuffer, wide: GPUBuffer],
    beyond = this.#unread,
  ): void {
    this.#record(encoder, this.#narrow, [wide, halves, beyond], wide.size / 4)
  }

  /** As `narrow`, at once; `beyond` tells whether a number was too large, where that is asked. */
  submitNarrowing(
    pair: readonly [halves: GPUBuffer, wide: GPUBuffer],
    ask: boolean,
  ): { written: Promise<void>; beyond: () => Promise<boolean> } {
    if (!ask)
      return { written: this.submit((encoder) => this.narrow(encoder, pair)), beyond: async () => false }
    const word = this.#create('beyond', 4, WIDE)
    const staging = this.#create('readback', 4, MAP_READ | COPY_DST)
    const written = this.submit((encoder) => {
      this.narrow(encoder, pair, word)
      encoder.copyBufferToBuffer(word, 0, staging, 0, 4)
    })
    const beyond = async (): Promise<boolean> => {
      try {
        await staging.mapAsync(MAP_READ)
        return new Uint32Array(staging.getMappedRange())[0] !== 0
      } finally {
        staging.destroy()
        word.destroy()
      }
    }
    return { written, beyond }
  }

  /** Records and submits commands; the promise rejects where the device refuses one. */
  submit(record: (encoder: GPUCommandEncoder) => void): Promise<void> {
    const device = this.#device
    device.pushErrorScope('validation')
    device.pushErrorScope('out-of-memory')
    const encoder = device.createCommandEncoder({ label: `attnc ${this.#name} f16` })
    record(encoder)
    device.queue.submit([encoder.finish()])
    return this.#settled(Promise.all([device.popErrorScope(), device.popErrorScope()]))
  }

  async #settled(scopes: Promise<(GPUError | null)[]>): Promise<void> {
    // A device that is lost is told of by the attention itself.
    const refused = (await scopes.catch(() => [])).find((error) => error !== null)
    if (refused) throw new AttentionError('gpu', `${this.#name}: ${messageOf(refused)}`)
  }

  destroy(): void {
    this.#unread.destroy()
    for (const buffers of this.#free.values()) for (const buffer of buffers) buffer.destroy()
    this.#free.clear()
  }

  #create(name: string, size: number, usage: number): GPUBuffer {
    return this.#device.createBuffer({ label: `attnc ${this.#name} ${name}`, size, usage })
  }

  #record(
    encoder: GPUCommandEncoder,
    pipeline: GPUComputePipeline,
    buffers: readonly GPUBuffer[],
    count: number,
  ): void {
    const bindGroup = this.#device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    })
    const pass = encoder.beginComputePass()
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, bindGroup)
    pass.dispatchWorkgroups(Math.min(MOST_WORKGROUPS, Math.ceil(count / PER_TURN)))
    pass.end()
  }
}

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
