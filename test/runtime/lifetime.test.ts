// What an attention holds, and what becomes of it when it or its device goes.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test, vi } from 'vitest'
import { programFrom } from '../../compiler/codegen/description.ts'
import { createAttention } from '../../runtime/index.ts'
import { bufferWith, contentsOf, countBuffers, testDevice } from './device.ts'
import { randomCall } from './expected.ts'
import { copy, softmax } from './programs.ts'

const one = new Float32Array([1])
const call = { q: one, k: one, v: one, length: 1 }

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Objects of Dawn are let go of in a turn of the event loop after the one that finds them unused. */
async function collectGarbage(): Promise<void> {
  collect()
  await new Promise((resolve) => setTimeout(resolve, 20))
  collect()
}

describe('ten thousand calls', () => {
  test('grow neither memory nor the number of buffers', async () => {
    const device = await testDevice()
    const buffers = countBuffers(device)
    using attention = await createAttention(programFrom(softmax(4, 4)), { device })
    const calls = Array.from({ length: 50 }, (_, seed) =>
      randomCall({ length: 1 + (seed % 7), batch: 1 + (seed % 2) }, 4, 4),
    )
    const rounds = async (count: number): Promise<void> => {
      for (let round = 0; round < count; round++) {
        for (const item of calls) await attention.forward(item)
      }
    }
    /** MiB by which the process and what JavaScript holds in it grow in so many rounds. */
    const growth = async (count: number): Promise<{ process: number; held: number }> => {
      const before = process.memoryUsage()
      await rounds(count)
      await collectGarbage()
      const after = process.memoryUsage()
      const held = after.heapUsed + after.external - before.heapUsed - before.external
      return { process: (after.rss - before.rss) / 2 ** 20, held: held / 2 ** 20 }
    }
    await rounds(100)
    await collectGarbage()
    const before = { ...buffers }
    // Drivers, too, keep what they have had before, and grow at times; a leak goes on growing.
    const grown = [await growth(100), await growth(100)]
    expect(buffers).toEqual(before)
    expect(Math.min(...grown.map(({ held }) => held))).toBeLessThan(1)
    expect(Math.min(...grown.map(({ process }) => process))).toBeLessThan(12)
    attention.destroy()
    expect(buffers.live).toBe(0)
    device.destroy()
  })

  test('of rising lengths keep few buffers', async () => {
    const device = await testDevice()
    const buffers = countBuffers(device)
    using attention = await createAttention(programFrom(copy), { device })
    for (let length = 1; length <= 500; length++) {
      const v = new Float32Array(length)
      await attention.forward({ q: v, k: v, v, length })
    }
    // q, k, v, out, shape, lengths, and what is read back through.
    expect(buffers.live).toBeLessThan(12)
    expect(buffers.created).toBeLessThan(150)
    device.destroy()
  })

  test('recorded with encode make a few buffers per size', async () => {
    const device = await testDevice()
    using attention = await createAttention(programFrom(copy), { device })
    const [v, out] = [bufferWith(device, new Float32Array(64)), bufferWith(device, new Float32Array(64))]
    const buffers = countBuffers(device)
    for (let round = 0; round < 1000; round++) {
      const encoder = device.createCommandEncoder()
      attention.encode(encoder, { q: v, k: v, v, out }, { length: 1 + (round % 8) })
      device.queue.submit([encoder.finish()])
    }
    await device.queue.onSubmittedWorkDone()
    expect(buffers.created).toBeLessThanOrEqual(16)
    device.destroy()
  })
})

describe('destroy', () => {
  test('ends pending and later calls by name, and may be repeated', async () => {
    const attention = await createAttention(programFrom(copy), { backend: 'webgpu' })
    const pending = attention.forward(call)
    attention.destroy()
    attention.destroy()
    await expect(pending).rejects.toMatchObject({
      name: 'AttentionError',
      code: 'destroyed',
      message: expect.stringMatching(/create\(\)/) as unknown,
    })
    await expect(attention.forward(call)).rejects.toMatchObject({ code: 'destroyed' })
    await expect(attention.prefill(call)).rejects.toMatchObject({ code: 'destroyed' })
    await expect(attention.profile(call)).rejects.toMatchObject({ code: 'destroyed' })
    expect(() => attention.encode({} as never, {} as never, call)).toThrow(/destroyed/)
    expect(() => attention.redraw(1)).toThrow(/destroyed/)
  })

  test('leaves the caller’s device and other attentions on it alone', async () => {
    const device = await testDevice()
    const [first, second] = await Promise.all([
      createAttention(programFrom(copy), { device }),
      createAttention(programFrom(copy), { device }),
    ])
    first.destroy()
    expect(await second.forward(call)).toEqual(one)
    second.destroy()
    expect(await contentsOf(device, bufferWith(device, one), 1)).toEqual(one)
    device.destroy()
  })

  test('equal kernels on one device are compiled once', async () => {
    const device = await testDevice()
    let compiled = 0
    const compile = device.createComputePipelineAsync.bind(device)
    device.createComputePipelineAsync = (descriptor) => {
      compiled++
      return compile(descriptor)
    }
    for (let count = 0; count < 3; count++) (await createAttention(programFrom(copy), { device })).destroy()
    expect(compiled).toBe(1)
    device.destroy()
  })
})

describe('creating and destroying', () => {
  /**
   * Bytes that each more of so many rounds leaves behind: the least of two stretches, because code that is compiled
   * late takes room once, and a leak takes it in both.
   */
  const kept = async (round: (index: number) => Promise<void>): Promise<number> => {
    const heap: number[] = []
    for (let index = 0; index <= 900; index++) {
      await round(index)
      if (index % 300 !== 0) continue
      await collectGarbage()
      heap.push(process.memoryUsage().heapUsed)
    }
    return Math.min(heap[2]! - heap[1]!, heap[3]! - heap[2]!) / 300
  }

  test('leaves nothing on the caller’s device', async () => {
    const device = await testDevice()
    const program = programFrom(copy)
    const bytes = await kept(async () => (await createAttention(program, { device })).destroy())
    expect(bytes).toBeLessThan(200)
    device.destroy()
  })

  test('keeps the latest kernels of a device, and no more than some', async () => {
    const device = await testDevice()
    const compile = vi.spyOn(device, 'createComputePipelineAsync')
    const program = programFrom(copy)
    const kernel = program.kernels['copy_rows']!
    const variants = Array.from({ length: 200 }, (_, index) => ({
      ...program,
      kernels: { copy_rows: { ...kernel, code: `${kernel.code}\n// ${index}` } },
    }))
    const create = async (index: number): Promise<void> =>
      (await createAttention(variants[index]!, { device })).destroy()
    for (const index of variants.keys()) await create(index)
    expect(compile).toHaveBeenCalledTimes(200)
    await create(199)
    expect(compile).toHaveBeenCalledTimes(200)
    await create(0)
    expect(compile).toHaveBeenCalledTimes(201)
    device.destroy()
  })
})

describe('a lost device', () => {
  test('is named in pending and later calls; a new one works', async () => {
    const device = await testDevice()
    const attention = await createAttention(programFrom(softmax(4, 4)), { device })
    const pending = [
      attention.forward(randomCall({ length: 64 }, 4, 4)),
      attention.forward(randomCall({ length: 64 }, 4, 4)),
    ]
    device.destroy()
    for (const promise of pending) {
      await expect(promise).rejects.toMatchObject({
        name: 'AttentionError',
        code: 'device-lost',
        message: expect.stringMatching(/create\(\)/) as unknown,
      })
    }
    await expect(attention.forward(randomCall({ length: 4 }, 4, 4))).rejects.toMatchObject({
      code: 'device-lost',
    })
    expect(() => attention.encode({} as never, {} as never, call)).toThrow(/was lost/)
    attention.destroy()

    using recovered = await createAttention(programFrom(copy), { backend: 'webgpu' })
    expect(await recovered.forward(call)).toEqual(one)
  })

  test('is named by create', async () => {
    const device = await testDevice()
    device.destroy()
    await expect(createAttention(programFrom(copy), { device })).rejects.toMatchObject({
      code: 'device-lost',
    })
  })
})
