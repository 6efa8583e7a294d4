/** Runs the forms of one program on one device. */
import type { WideTensor } from '../../attention.ts'
import { present } from '../../arguments/form.ts'
import type { CallSizes } from '../../arguments/sizes.ts'
import type { KeptParts } from '../../calls/kept.ts'
import type { Opening } from '../../projection/lazy.ts'
import type { BufferPlan, Form, FormName, Runnable, WorkgroupDispatch } from '../../program.ts'
import type { Shape } from '../../contract/shape.ts'
import { BindGroups } from './bind-groups.ts'
import { Buffers, KEPT_STORAGE, upload } from './buffers.ts'
import { bufferOf, bytesOf, callBuffers } from './call-buffers.ts'
import type { NamedBuffers } from './call-buffers.ts'
import { pipelineFor } from './pipelines.ts'
import { fold, record } from './record.ts'
import type { Step } from './record.ts'
import type { Session } from './session.ts'
import { ShapeBufferPool } from './shape-buffers.ts'
import type { GivenLengths, ShapeBuffers } from './shape-buffers.ts'
import { sliceCall } from './slices.ts'
import { Staging } from './staging.ts'

export type { FormName } from '../../program.ts'

/** What a call brings to a form, checked. */
export interface Inputs extends GivenLengths {
  readonly sizes: CallSizes
  /** True where arrays come and arrays are to be returned. */
  readonly onHost: boolean
  /** Inputs, states, and outputs that the caller provides, by name. */
  readonly tensors: ReadonlyMap<string, WideTensor>
  /** What one part of gradients leaves for the other. */
  readonly kept?: KeptParts<GPUBuffer> | undefined
}

export class Engine {
  #program: Runnable
  readonly #session: Session
  readonly #device: GPUDevice
  readonly #buffers: Buffers
  readonly #staging: Staging
  readonly #shapes: ShapeBufferPool
  readonly #bindGroups: BindGroups
  readonly #pipelines = new Map<string, GPUComputePipeline>()
  /** Projection and weights, by name. */
  readonly #constants: Map<string, GPUBuffer>

  readonly #checkWeights: Opening['checkWeights']

  /** @param constants of whom the projection and the weights are */
  constructor(
    program: Runnable,
    session: Session,
    constants?: Engine,
    checkWeights = constants && constants.#checkWeights,
  ) {
    this.#checkWeights = checkWeights
    this.#constants = constants ? constants.#constants : new Map<string, GPUBuffer>()
    const { device } = session
    this.#program = program
    this.#session = session
    this.#device = device
    this.#buffers = new Buffers(device, `attnc ${program.name}`)
    this.#staging = new Staging(this.#buffers)
    this.#shapes = new ShapeBufferPool(device, this.#buffers)
    this.#bindGroups = new BindGroups(device, `attnc ${program.name}`)
  }

  form(name: FormName): Form {
    return present(this.#program.forms[name], name)
  }

  /** Goes on with further forms of the same attention. */
  extend(program: Runnable): void {
    this.#program = program
  }

  /** Writes a projection or a weight, for the calls made from now on. */
  setConstant(name: string, data: Float32Array): void {
    // It stays when a call fails, and its size is always the same.
    const buffer = this.#constants.get(name) ?? this.createBuffer(name, data.byteLength)
    upload(this.#device, buffer, data)
    this.#constants.set(name, buffer)
  }

  /** Compiles the kernels of forms, without which they cannot run. */
  async prepare(...names: readonly FormName[]): Promise<void> {
    const { kernels } = this.#program
    const dispatches = names.flatMap((name) => this.form(name).dispatches)
    await Promise.all(
      dispatches.map(async ({ kernel }) => {
        const source = present(kernels[kernel], `kernel ${kernel}`)
        this.#pipelines.set(kernel, await pipelineFor(this.#device, kernel, source))
      }),
    )
  }

  isPrepared(name: FormName): boolean {
    return !!this.#program.forms[name]?.dispatches.every(({ kernel }) => this.#pipelines.has(kernel))
  }

  /** The form's outputs by name. Its commands are submitted before the first await. */
  async run(name: FormName, inputs: Inputs): Promise<ReadonlyMap<string, WideTensor>> {
    const form = this.form(name)
    const slices = inputs.kept?.slices ?? this.slices(name, inputs.sizes)
    const outputs = form.buffers.filter(({ role }) => role === 'output')
    try {
      return await this.#session.run(async () => {
        const { buffers, steps } = this.begin(form, slices, inputs)
        const encoder = this.encoder(name)
        record(encoder, this.label(name), steps)
        if (inputs.onHost) return this.#readOutputs(encoder, buffers, outputs, slices)
        this.#device.queue.submit([encoder.finish()])
        return new Map(outputs.map((plan) => [plan.name, bufferOf(buffers, plan.name)]))
      })
    } catch (thrown) {
      this.#buffers.forget()
      throw thrown
    }
  }

  /** A form into somebody else's encoder. */
  encode(encoder: GPUCommandEncoder, name: FormName, inputs: Inputs): void {
    const form = this.form(name)
    const slices = inputs.kept?.slices ?? this.slices(name, inputs.sizes)
    this.#buffers.leaveReplaced()
    const shapes = this.#shapes.fixed(slices, inputs)
    const buffers = this.#resolve(form, slices, inputs, shapes)
    record(encoder, this.label(name), this.#steps(form, slices, buffers, shapes, inputs.kept))
  }

  /** A buffer that somebody else keeps. */
  createBuffer(name: string, bytes: number): GPUBuffer {
    return this.#buffers.create(name, bytes, KEPT_STORAGE)
  }

  destroy(): void {
    this.#bindGroups.clear()
    this.#shapes.destroy()
    this.#staging.destroy()
    this.#buffers.destroy()
    for (const buffer of this.#constants.values()) buffer.destroy()
    this.#session.end()
  }

  label(name: FormName): string {
    return `attnc ${this.#program.name} ${name}`
  }

  encoder(name: FormName): GPUCommandEncoder {
    return this.#device.createCommandEncoder({ label: this.label(name) })
  }

  /** How a call is cut to fit the device; refuses one that the weights do not fit. */
  slices(name: FormName, sizes: CallSizes, member = name): readonly Shape[] {
    this.#checkWeights?.(this.#program, (weight) => (this.#constants.get(weight)?.size as number) / 4, sizes)
    return sliceCall(this.#device, `${this.#program.name}.${member}`, this.form(name), sizes)
  }

  /** Uploads what a call brings; its dispatches are then ready to be recorded. */
  begin(form: Form, slices: readonly Shape[], inputs: Inputs): { buffers: NamedBuffers; steps: Step[] } {
    const shapes = this.#shapes.written(slices, inputs)
    const buffers = this.#resolve(form, slices, inputs, shapes)
    return { buffers, steps: this.#steps(form, slices, buffers, shapes, inputs.kept) }
  }

  #resolve(
    form: Form,
    slices: readonly Shape[],
    { tensors, onHost }: Inputs,
    { lengths }: ShapeBuffers,
  ): NamedBuffers {
    const given = { onHost, tensors, lengths, constants: this.#constants }
    return callBuffers(this.#device, this.#buffers, form, slices, given)
  }

  #steps(
    form: Form,
    slices: readonly Shape[],
    buffers: NamedBuffers,
    { shape: uniform }: ShapeBuffers,
    kept?: Inputs['kept'],
  ): Step[] {
    // `open.ts` is given programs for WebGPU alone.
    const dispatches = form.dispatches as readonly WorkgroupDispatch[]
    return slices.flatMap((shape, slice) =>
      dispatches.map((dispatch) => {
        const { kernel } = dispatch
        const pipeline = present(this.#pipelines.get(kernel), `kernel ${kernel} for WebGPU`)
        const own = kept?.parts[slice]
        const named = dispatch.buffers.map((name) => own?.get(name) ?? bufferOf(buffers, name))
        return {
          kernel,
          pipeline,
          bindGroup: this.#bindGroups.get(dispatch, pipeline, uniform, named),
          slice,
          ...fold(this.#device, dispatch.workgroups(shape), kernel),
        }
      }),
    )
  }

  async #readOutputs(
    encoder: GPUCommandEncoder,
    buffers: NamedBuffers,
    outputs: readonly BufferPlan[],
    slices: readonly Shape[],
  ): Promise<ReadonlyMap<string, Float32Array>> {
    const sources = outputs.map(({ name }) => bufferOf(buffers, name))
    const sizes = outputs.map((plan) => bytesOf(plan, slices))
    const pieces = await this.readBack(encoder, sources, sizes)
    return new Map(pieces.map((piece, index) => [outputs[index]?.name ?? '', new Float32Array(piece)]))
  }

  /** Submits the commands and copies of buffers' beginnings, and brings those to the host. */
  readBack(
    encoder: GPUCommandEncoder,
    sources: readonly GPUBuffer[],
    sizes: readonly number[],
  ): Promise<ArrayBuffer[]> {
    const staging = this.#staging.take(sizes.reduce((sum, size) => sum + size, 0))
    let offset = 0
    sources.forEach((source, index) => {
      const size = sizes[index] ?? 0
      encoder.copyBufferToBuffer(source, 0, staging, offset, size)
      offset += size
    })
    this.#device.queue.submit([encoder.finish()])
    return this.#staging.read(staging, sizes)
  }
}
