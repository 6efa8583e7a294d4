// The backend wasm on kernels that are written out: its memory, its slices, and what goes wrong.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createAttention } from '../../runtime/index.ts'
import { leaveMachine, takeMachine } from '../../runtime/backends/wasm/machine.ts'
import type { Machine } from '../../runtime/backends/wasm/machine.ts'
import { callOf, decodingProgram, firstDifference, programOf, refusal } from './wasm-programs.ts'

let machine: Machine
beforeEach(() => {
  machine = takeMachine()
})
afterEach(() => {
  leaveMachine(machine)
  vi.unstubAllGlobals()
  vi.doUnmock('../../runtime/backends/wasm/threads.ts')
  vi.restoreAllMocks()
})

const bytes = (): number => machine.heap.memory.buffer.byteLength
const doubled = (length: number, first = 0): Float32Array =>
  Float32Array.from({ length: length * 4 }, (_, index) => 2 * (first + index))

test('a call gives what its kernels write, of what it was given when it was made', async () => {
  using attention = await createAttention(programOf('twice'), { threads: 1 })
  expect(attention.backend).toBe('wasm')
  expect(attention.device).toMatch(/^WebAssembly, (relaxed )?SIMD, 1 thread$/)
  const given = callOf(5)
  const pending = attention.forward(given)
  given.q.fill(7)
  expect(await pending).toEqual(doubled(5))
})

test('memory grows by need, and stays as it is over ten thousand calls', async () => {
  using attention = await createAttention(programOf('twice', 1000), { threads: 1 })
  await attention.forward(callOf(3))
  const small = bytes()
  // Views of what was there before are detached by what this needs.
  expect(firstDifference(await attention.forward(callOf(100_000)), doubled(100_000))).toBe(-1)
  const large = bytes()
  expect(large).toBeGreaterThan(small)
  expect(large).toBeLessThan(small + 2 ** 23)
  const left = machine.heap.left
  for (let time = 0; time < 10_000; time++) await attention.forward(callOf(1 + (time % 7), time))
  expect(await attention.forward(callOf(4, 9))).toEqual(doubled(4, 9))
  expect(bytes()).toBe(large)
  expect(machine.heap.left).toBe(left)
})

test('what an attention has goes back when it is destroyed', async () => {
  const before = machine.heap.left
  const attention = await createAttention(decodingProgram())
  await attention.forward(callOf(3))
  await attention.prefill(callOf(3))
  attention.destroy()
  attention.destroy()
  expect(machine.heap.left).toBe(before)
  expect(await refusal(attention.forward(callOf(3)))).toMatch(/^destroyed: /)
})

test('a call whose scratch is large runs slice by slice in the scratch of one', async () => {
  // Half as much as is allowed for two heads, and there are seven.
  using attention = await createAttention(programOf('twice', 2 ** 23), { threads: 1 })
  const heads = 7
  const q = Float32Array.from({ length: heads * 8 }, (_, index) => index)
  const before = bytes()
  const out = await attention.forward({ q, k: q, v: q, length: 2, heads })
  expect(out).toEqual(q.map((one) => 2 * one))
  expect(bytes() - before).toBeLessThan(2 ** 26 + 2 ** 22)
})

test('a call runs in slices where the memory that is left lies in pieces', async () => {
  leaveMachine(machine)
  const { Memory } = WebAssembly
  vi.spyOn(WebAssembly, 'Memory').mockImplementation(function make(limits) {
    if ((limits.maximum ?? 0) > 2 ** 11) throw new RangeError('no addresses for as much')
    return new Memory(limits)
  })
  machine = takeMachine()
  const { heap } = machine
  const mebibytes = (count: number): number => count * 2 ** 20
  const [first, ...others] = [60, 1, 30].map((count) => heap.take(mebibytes(count)))
  heap.free(first ?? 0)
  // Eight heads of 8 MiB
  using attention = await createAttention(programOf('twice', 2 ** 21), { threads: 1 })
  const heads = 8
  const q = Float32Array.from({ length: heads * 8 }, (_, index) => index)
  expect(await attention.forward({ q, k: q, v: q, length: 2, heads })).toEqual(q.map((one) => 2 * one))
  for (const other of others) heap.free(other)
})

test('a call that no memory could hold is an error that says so, and the next goes on', async () => {
  using large = await createAttention(programOf('twice', 2 ** 31))
  expect(await refusal(large.forward(callOf(1)))).toMatch(
    /^limit: twice\.forward needs 8192 MiB of memory; WebAssembly has 4096 MiB/,
  )
  const { twice } = programOf('twice').kernels
  const ofThread = {
    ...programOf('twice'),
    kernels: { twice: { ...twice, workgroupBytes: 2 ** 33 } as never },
  }
  using wide = await createAttention(ofThread)
  expect(await refusal(wide.forward(callOf(1)))).toMatch(/^limit: twice\.forward needs 8192 MiB/)
  using small = await createAttention(programOf('twice'))
  expect(await small.forward(callOf(2))).toEqual(doubled(2))
})

test('where others have the memory, that is said', async () => {
  const most = vi.spyOn(machine.heap, 'allocate').mockReturnValue(undefined)
  using attention = await createAttention(programOf('twice'))
  expect(await refusal(attention.forward(callOf(2)))).toMatch(
    /^out-of-memory: There is no memory for \d+ bytes/,
  )
  most.mockRestore()
  expect(await attention.forward(callOf(2))).toEqual(doubled(2))
})

test('a kernel that stops is an error of its call', async () => {
  using attention = await createAttention(programOf('stop'), { threads: 1 })
  expect(await refusal(attention.forward(callOf(2)))).toBe(
    'kernel: stop.forward: a kernel stopped: unreachable.',
  )
})

test('buffers and devices of WebGPU are refused by name', async () => {
  const q = { mapAsync: () => {}, usage: 0x80, size: 1024 } as unknown as GPUBuffer
  using attention = await createAttention(programOf('twice'))
  expect(await refusal(attention.forward({ q, k: q, v: q, length: 2 }))).toBe(
    'backend: twice.forward: the backend wasm takes Float32Array, no GPUBuffer.',
  )
  const device = { queue: {} } as GPUDevice
  expect(await refusal(createAttention(programOf('twice'), { device }))).toMatch(
    /^backend: twice would run on WebAssembly, which takes no GPUDevice/,
  )
})

test.each([
  [0, RangeError],
  [1.5, RangeError],
  [NaN, RangeError],
  ['2', TypeError],
])('threads: %j is refused', async (threads, kind) => {
  await expect(createAttention(programOf('twice'), { threads: threads as number })).rejects.toThrow(kind)
})

test('where memory cannot be shared, calls run in one of its own on one thread', async () => {
  leaveMachine(machine)
  vi.stubGlobal('crossOriginIsolated', false)
  machine = takeMachine()
  using attention = await createAttention(programOf('twice'), { threads: 4 })
  expect(attention.device).toContain('1 thread')
  expect(machine.heap.memory.buffer).toBeInstanceOf(ArrayBuffer)
  expect(await attention.forward(callOf(2))).toEqual(doubled(2))
  expect(firstDifference(await attention.forward(callOf(200_000)), doubled(200_000))).toBe(-1)
})

test('where the file of threads cannot be loaded, calls run on one, and that is said once', async () => {
  vi.doMock('../../runtime/backends/wasm/threads.ts', () => {
    throw new Error('offline')
  })
  const said = vi.spyOn(console, 'info').mockReturnValue()
  const program = { ...programOf('twice'), name: 'offline' }
  using attention = await createAttention(program, { threads: 2 })
  for (let time = 0; time < 3; time++) {
    expect(firstDifference(await attention.forward(callOf(200_000)), doubled(200_000))).toBe(-1)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect(said.mock.calls).toEqual([
    [
      expect.stringMatching(
        /^attnc: offline runs on one thread\. What makes its workers could not be loaded: ./,
      ),
    ],
  ])
})

test.each([
  ['there is none', undefined, /no WebAssembly here/],
  ['it has no SIMD', { validate: (): boolean => false }, /has no SIMD/],
  [
    'a policy forbids it',
    { validate: (): boolean => true, compile: async () => Promise.reject(new Error('Refused by policy.')) },
    /may not be compiled here: Refused by policy\..*'wasm-unsafe-eval'/,
  ],
])('where %s, that is the reason why the backend is missing', async (_, platform, reason) => {
  vi.stubGlobal('WebAssembly', platform && { Memory: WebAssembly.Memory, ...platform })
  const told = await refusal(createAttention(programOf('twice'), { backend: 'wasm' }))
  expect(told).toMatch(/^no-wasm: /)
  expect(told).toMatch(reason)
})

test('an engine that could not instantiate kernels once is asked again', async () => {
  const program = programOf('twice')
  const instantiate = vi.spyOn(WebAssembly, 'instantiate').mockRejectedValueOnce(new Error('no room now'))
  await expect(createAttention(program)).rejects.toThrow('no room now')
  instantiate.mockRestore()
  using attention = await createAttention(program)
  expect(await attention.forward(callOf(2))).toEqual(doubled(2))
})

test('a program without one of its kernels is refused', async () => {
  using attention = await createAttention({ ...programOf('twice'), kernels: {} })
  expect(await refusal(attention.forward(callOf(2)))).toMatch(/^program: The program has no kernel twice/)
})
