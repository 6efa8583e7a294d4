/** Buffers of f16 on a device, and buffers of f32 that stand in for them while kernels compute. */
import { Buffers, KEPT_STORAGE } from '../backends/webgpu/buffers.ts'
import { COMPUTE_STAGE, COPY_DST, MAP_READ } from '../backends/webgpu/constants.ts'
import { AttentionError, messageOf } from '../errors.ts'
import { narrowing, widening } from './halves.wgsl.ts'

/** Workgroups that every device grants in one dimension; each takes further turns. */
const MOST_WORKGROUPS = 65_535
/** Numbers that a workgroup converts in a turn. */
const PER_TURN = 128

/** So many numbers of f16, in the caller's buffer where there is one. */
export interface HalfTensor {
  readonly count: number
  readonly buffer?: GPUBuffer
}

/** Something for each tensor of a call. */
export type TensorsByName<T> = Readonly<Record<'q' | 'k' | 'v' | 'out', T>>

/** A buffer of f16, and the one of f32 that stands in for it, which has at least as many numbers. */
export interface Pair {
  readonly halves: GPUBuffer
  readonly wide: GPUBuffer
  readonly count: number
}

/** What a call has for its tensors. */
export interface Lent {
  /** To be read before the call: with the caller's `out`, which so stays as it is where the call is refused. */
  readonly inputs: readonly Pair[]
  readonly out: Pair
  /** By name, for the call. */
  readonly wide: TensorsByName<GPUBuffer>
  /** Gives back what is not kept; `out` as well, where it was made and nobody wants it. */
  readonly free: (outIsWanted: boolean) => void
}

export class HalfBuffers {
  readonly #device: GPUDevice
  readonly #name: string
  readonly #widen: GPUComputePipeline
  readonly #narrow: GPUComputePipeline
  /** Of calls whose commands follow one another in the queue, whichever comes next. */
  readonly #kept: Buffers

  private constructor(
    device: GPUDevice,
    name: string,
    pipelines: readonly [GPUComputePipeline, GPUComputePipeline],
  ) {
    this.#device = device
    this.#name = name
    ;[this.#widen, this.#narrow] = pipelines
    this.#kept = new Buffers(device, `attnc ${name} f16`)
  }

  static async open(device: GPUDevice, name: string): Promise<HalfBuffers> {
    const pipelines = await Promise.all([
      compile(device, 'attnc widen', widening, ['read-only-storage', 'storage']),
      compile(device, 'attnc narrow', narrowing, ['read-only-storage', 'storage', 'storage']),
    ])
    return new HalfBuffers(device, name, pipelines)
  }

  /** @param prompt whether all commands of the call are submitted, or recorded, before those of another */
  lend(tensors: TensorsByName<HalfTensor>, prompt: boolean): Lent {
    const own: GPUBuffer[] = []
    const pair = (name: keyof typeof tensors): Pair => {
      const { count, buffer } = tensors[name]
      const wide = prompt
        ? this.#kept.get(name, count * 4, KEPT_STORAGE)
        : this.#kept.create(name, count * 4, KEPT_STORAGE)
      if (!prompt) own.push(wide)
      return { halves: buffer ?? this.#kept.create('result', wordsOf(count) * 4, KEPT_STORAGE), wide, count }
    }
    const pairs = { q: pair('q'), k: pair('k'), v: pair('v'), out: pair('out') }
    const { q, k, v, out } = pairs
    const isGiven = tensors.out.buffer !== undefined
    return {
      inputs: isGiven ? [q, k, v, out] : [q, k, v],
      out,
      wide: { q: q.wide, k: k.wide, v: v.wide, out: out.wide },
      free: (outIsWanted) => {
        for (const buffer of own) buffer.destroy()
        if (!isGiven && !outIsWanted) out.halves.destroy()
      },
    }
  }

  /** From now on replaced buffers are left to the garbage collector, since recorded commands may name them. */
  leaveReplaced(): void {
    this.#kept.leaveReplaced()
  }

  /** Records that numbers of f16 are read. */
  widen(encoder: GPUCommandEncoder, pairs: readonly Pair[]): void {
    for (const { halves, wide, count } of pairs)
      this.#record(encoder, this.#widen, [part(halves, wordsOf(count)), part(wide, count)], count)
  }

  /**
   * Records that numbers of f32 are written as f16.
   *
   * @param beyond one word, set to 1 where a number is too large
   */
  narrow(
    encoder: GPUCommandEncoder,
    { halves, wide, count }: Pair,
    beyond = this.#kept.get('beyond', 4, KEPT_STORAGE),
  ): void {
    const parts = [part(wide, count), part(halves, wordsOf(count)), part(beyond, 1)]
    this.#record(encoder, this.#narrow, parts, count)
  }

  /** As `narrow`, at once; `beyond` tells whether a number was too large, where that is asked. */
  submitNarrowing(pair: Pair, ask: boolean): { written: Promise<void>; beyond: Promise<boolean> } {
    const { made, done } = this.submit((encoder) => {
      if (!ask) {
        this.narrow(encoder, pair)
        return undefined
      }
      const word = this.#kept.create('beyond', 4, KEPT_STORAGE)
      const staging = this.#kept.create('readback', 4, MAP_READ | COPY_DST)
      this.narrow(encoder, pair, word)
      encoder.copyBufferToBuffer(word, 0, staging, 0, 4)
      return { word, staging }
    })
    return { written: done, beyond: made === undefined ? Promise.resolve(false) : isSet(made) }
  }

  /** Records and submits commands; `done` rejects where the device refuses one. */
  submit<Made>(record: (encoder: GPUCommandEncoder) => Made): { made: Made; done: Promise<void> } {
    const device = this.#device
    device.pushErrorScope('validation')
    device.pushErrorScope('out-of-memory')
    try {
      const encoder = device.createCommandEncoder({ label: `attnc ${this.#name} f16` })
      const made = record(encoder)
      device.queue.submit([encoder.finish()])
      return { made, done: this.#settled(Promise.all([device.popErrorScope(), device.popErrorScope()])) }
    } catch (thrown) {
      void Promise.all([device.popErrorScope(), device.popErrorScope()]).catch(() => {})
      throw new AttentionError('gpu', `${this.#name}: ${messageOf(thrown)}`)
    }
  }

  async #settled(scopes: Promise<(GPUError | null)[]>): Promise<void> {
    // A device that is lost is told of by the attention itself.
    const refused = (await scopes.catch(() => [])).find((error) => error !== null)
    if (!refused) return
    // One of the buffers may be none: the next call has others.
    this.#kept.destroy()
    throw new AttentionError('gpu', `${this.#name}: ${messageOf(refused)}`)
  }

  destroy(): void {
    this.#kept.destroy()
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
const part = (buffer: GPUBuffer, words: number): GPUBufferBinding => ({ buffer, size: words * 4 })

async function isSet({ word, staging }: Readonly<Record<'word' | 'staging', GPUBuffer>>): Promise<boolean> {
  try {
    await staging.mapAsync(MAP_READ)
    return new Uint32Array(staging.getMappedRange())[0] !== 0
  } finally {
    staging.destroy()
    word.destroy()
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
