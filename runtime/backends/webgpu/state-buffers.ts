/** What a form carries from call to call, as buffers on the device. */
import type { SavedState } from '../../attention.ts'
import type { Drawn } from '../../base-attention.ts'
import { checkStateTensors, stateTensors } from '../../calls/state-tensors.ts'
import type { StateKeeper, StateSizes } from '../../calls/buffer-state.ts'
import type { Program } from '../../program.ts'
import { upload } from './buffers.ts'
import { bufferOf } from './call-buffers.ts'
import type { NamedBuffers } from './call-buffers.ts'
import type { Engine } from './engine.ts'
import type { Session } from './session.ts'

interface Plan {
  readonly name: string
  readonly bytes: number
}

export class StateBuffers implements StateKeeper<GPUBuffer> {
  readonly drawn: Drawn
  readonly #program: Program
  readonly #session: Session
  readonly #engine: Engine

  constructor(program: Program, drawn: Drawn, session: Session, engine: Engine) {
    this.#program = program
    this.drawn = drawn
    this.#session = session
    this.#engine = engine
  }

  create(sizes: StateSizes): NamedBuffers {
    return new Map(
      this.#plans(sizes).map(({ name, bytes }) => [name, this.#engine.createBuffer(name, bytes)]),
    )
  }

  /** The same contents, each head's rows where they are with room for `capacity` of them. */
  copyState(buffers: NamedBuffers, from: StateSizes, capacity: number): NamedBuffers {
    this.#session.assertUsable()
    const copies = this.create({ ...from, capacity })
    const encoder = this.#engine.encoder('step')
    const heads = from.batch * from.kvHeads
    const after = new Map(this.#plans({ ...from, capacity }).map(({ name, bytes }) => [name, bytes]))
    for (const { name, bytes } of this.#plans(from)) {
      const to = after.get(name) ?? bytes
      const [source, target] = [bufferOf(buffers, name), bufferOf(copies, name)]
      if (to === bytes) encoder.copyBufferToBuffer(source, 0, target, 0, bytes)
      else
        for (let head = 0; head < heads; head++)
          encoder.copyBufferToBuffer(
            source,
            (head * bytes) / heads,
            target,
            (head * to) / heads,
            bytes / heads,
          )
    }
    this.#session.device.queue.submit([encoder.finish()])
    return copies
  }

  async readState(buffers: NamedBuffers, sizes: StateSizes): Promise<Record<string, Float32Array>> {
    const plans = this.#plans(sizes)
    const pieces = await this.#session.run(() =>
      this.#engine.readBack(
        this.#engine.encoder('step'),
        plans.map(({ name }) => bufferOf(buffers, name)),
        plans.map(({ bytes }) => bytes),
      ),
    )
    return Object.fromEntries(plans.map(({ name }, index) => [name, new Float32Array(pieces[index] ?? [])]))
  }

  freeState(buffer: GPUBuffer): void {
    buffer.destroy()
  }

  /** @throws RangeError before any buffer is made, where the tensors are not of their sizes. */
  upload(saved: SavedState): NamedBuffers {
    checkStateTensors(this.#program, saved)
    const buffers = this.create(saved)
    for (const [name, buffer] of buffers)
      upload(this.#session.device, buffer, saved.tensors[name] ?? new Float32Array())
    return buffers
  }

  /** @throws AttentionError `limit` */
  #plans(sizes: StateSizes): Plan[] {
    this.#engine.slices('step', { ...sizes, length: 1, keyLength: 1, offset: 0 })
    return stateTensors(this.#program, sizes).map(({ name, size }) => ({ name, bytes: size * 4 }))
  }
}
