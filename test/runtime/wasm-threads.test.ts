// Threads of the backend wasm in Node.js: when they are woken, that they change nothing, and that they may die.
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createAttention } from '../../runtime/index.ts'
import type { Attention } from '../../runtime/index.ts'
import { layout } from '../../runtime/backends/wasm/layout.ts'
import { leaveMachine, takeMachine } from '../../runtime/backends/wasm/machine.ts'
import type { Machine } from '../../runtime/backends/wasm/machine.ts'
import { takePart } from '../../runtime/backends/wasm/take-part.ts'
import { Threads } from '../../runtime/backends/wasm/threads.ts'
import { callOf, decodingProgram, firstDifference, programOf, refusal } from './wasm-programs.ts'

/** Workers that the runtime has made, in order. */
let workers: Worker[]
/** Milliseconds by which what they say is late. */
let delay: number
let machine: Machine
beforeEach(() => {
  workers = []
  delay = 0
  const threads = process.getBuiltinModule('node:worker_threads')
  vi.spyOn(threads, 'Worker').mockImplementation(function make(
    ...given: ConstructorParameters<typeof Worker>
  ) {
    const worker = new Worker(...given)
    workers.push(worker)
    const on = worker.on.bind(worker)
    vi.spyOn(worker, 'on').mockImplementation((event: string | symbol, hear: (...news: unknown[]) => void) =>
      on(event, (...news: unknown[]) => {
        if (delay > 0) setTimeout(hear, delay, ...news)
        else hear(...news)
      }),
    )
    return worker
  })
  machine = takeMachine()
})
afterEach(() => {
  leaveMachine(machine)
  vi.restoreAllMocks()
})

/** Lists of dispatches that workers were woken for. */
const wakes = (): number => machine.heap.words[layout.lists] ?? 0

/** Calls until a condition holds: a worker may be slow to start, and a call may be over before it wakes. */
async function until<T>(call: () => Promise<T>, holds: (result: T) => boolean): Promise<T> {
  for (const end = performance.now() + 120_000; performance.now() < end;) {
    const result = await call()
    if (holds(result)) return result
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('it never came to pass')
}

/** Calls of the kernel that writes which thread ran it, until there are two that did. */
const shared = async (attention: Attention): Promise<Float32Array> =>
  until(
    async () => attention.forward(callOf(2000)),
    (tables) => new Set(tables).size === 2,
  )

test('two threads take workgroups of one call, and each has its own table and scratch', async () => {
  using attention = await createAttention(programOf('slowly'), { threads: 2 })
  const out = await shared(attention)
  expect([...new Set(out)].sort((a, b) => a - b)).toEqual([
    4 * layout.tables,
    4 * (layout.tables + layout.tableWords),
  ])
  expect(workers).toHaveLength(1)
})

test('results are the same with one thread and with two', async () => {
  using attention = await createAttention(programOf('twice'), { threads: 2 })
  using alone = await createAttention(programOf('twice'), { threads: 1 })
  await until(
    async () => attention.forward(callOf(100_000)),
    () => wakes() > 2,
  )
  for (const length of [1, 2, 16, 17, 99_999]) {
    const given = callOf(length, 0.3)
    expect(firstDifference(await attention.forward(given), await alone.forward(given))).toBe(-1)
  }
})

test('a form has kernels of two modules, one of which was loaded for it', async () => {
  using attention = await createAttention(decodingProgram(), { threads: 2 })
  const given = callOf(100_000, 0.3)
  const wanted = given.q.map((number) => number * 4)
  const once = async (): Promise<number> => {
    const { out, state } = await attention.prefill(given)
    state.destroy()
    return firstDifference(out, wanted)
  }
  expect(await once()).toBe(-1)
  await until(once, () => wakes() > 2)
  for (let time = 0; time < 20; time++) expect(await once()).toBe(-1)
})

test('short calls make no worker and wake none', async () => {
  using attention = await createAttention(programOf('twice'), { threads: 2 })
  for (let time = 0; time < 200; time++) await attention.forward(callOf(16))
  expect(workers).toHaveLength(0)
  await until(
    async () => attention.forward(callOf(100_000)),
    () => wakes() > 0,
  )
  const before = wakes()
  for (let time = 0; time < 200; time++) await attention.forward(callOf(16))
  expect(wakes()).toBe(before)
})

test('workers come to calls that follow one another without a pause', async () => {
  using attention = await createAttention(programOf('twice'), { threads: 2 })
  const end = performance.now() + 120_000
  while (wakes() === 0 && performance.now() < end) await attention.forward(callOf(100_000))
  expect(wakes()).toBeGreaterThan(0)
})

test('one thread makes no worker, however long the call', async () => {
  using attention = await createAttention(programOf('slowly'), { threads: 1 })
  for (let time = 0; time < 3; time++) await attention.forward(callOf(2000))
  expect(workers).toHaveLength(0)
})

test('kernels that threads have read go back with the last attention that has them', async () => {
  const left = machine.heap.left
  const program = programOf('twice')
  using first = await createAttention(program, { threads: 2 })
  using second = await createAttention(program, { threads: 2 })
  const given = callOf(100_000, 0.3)
  const wanted = given.q.map((number) => 2 * number)
  const once = async (): Promise<number> => firstDifference(await second.forward(given), wanted)
  const before = wakes()
  await until(once, () => wakes() > before)
  first.destroy()
  expect(await once()).toBe(-1)
  expect(machine.heap.left).toBeLessThan(left)
  second.destroy()
  expect(machine.heap.left).toBe(left)
  // A module that comes later is not taken for one that workers know.
  using other = await createAttention(programOf('slowly'), { threads: 2 })
  await shared(other)
})

test('calls that overlap are computed in order', async () => {
  using attention = await createAttention(programOf('twice'), { threads: 2 })
  await until(
    async () => attention.forward(callOf(100_000)),
    () => wakes() > 0,
  )
  const given = [1, 2, 3, 4].map((first) => callOf(50_000 + first, first))
  const results = await Promise.all(given.map(async (one) => attention.forward(one)))
  for (const [index, out] of results.entries())
    expect(firstDifference(out, given[index]?.q.map((one) => 2 * one) ?? [])).toBe(-1)
})

test.each([
  ['the main thread', 'stopAlone', 0],
  ['a worker', 'stopBeside', 0],
  ['a worker whose word comes late', 'stopBeside', 50],
] as const)('a kernel that stops on %s is an error', async (_, name, late) => {
  using attention = await createAttention(programOf(name), { threads: 2 })
  using other = await createAttention(programOf('slowly'), { threads: 2 })
  await shared(other)
  delay = late
  for (let time = 0; time < 3; time++) {
    const told = await until(
      async () => refusal(attention.forward(callOf(2000))),
      (one) => one !== 'none',
    )
    expect(told).toMatch(new RegExp(`^kernel: ${name}\\.forward: a kernel stopped: .*unreachable`))
  }
  await shared(other)
  expect(workers).toHaveLength(1)
})

test('a thread that has no such kernel fails', () => {
  const words = new Int32Array(new SharedArrayBuffer(4 * layout.words))
  words[layout.dispatches] = 1
  words[layout.entries + layout.workgroups] = words[layout.entries + layout.grain] = 1
  expect(() => takePart(layout, words, 0, [], 0, 0)).toThrow('the module has no such kernel')
})

test('a worker that dies in a call ends that call with an error, and the next has a new one', async () => {
  using attention = await createAttention(programOf('forever'), { threads: 2 })
  using other = await createAttention(programOf('slowly'), { threads: 2 })
  await shared(other)
  const { words } = machine.heap
  // Whichever has come to the list stays there.
  const end = setInterval(() => {
    if (words[layout.active] !== 0) for (const worker of workers) void worker.terminate()
  }, 20)
  const lost = await until(
    async () => refusal(attention.forward(callOf(2000))),
    (told) => told !== 'none',
  ).finally(() => clearInterval(end))
  expect(lost).toMatch(/^thread-lost: forever\.forward: a thread died during the call: it left with code 1/)
  const before = workers.length
  await shared(other)
  expect(workers.length).toBeGreaterThan(before)
})

test('a worker that dies in its sleep is replaced without a word', async () => {
  using attention = await createAttention(programOf('slowly'), { threads: 2 })
  await shared(attention)
  await workers[0]?.terminate()
  await shared(attention)
  expect(workers).toHaveLength(2)
})

test('as many workers are made as have a table, though the main thread may not sleep', async () => {
  const asked: number[] = []
  const standIn = { on: () => {}, unref: () => {}, terminate: async () => 0 }
  vi.spyOn(process.getBuiltinModule('node:worker_threads'), 'Worker').mockImplementation(
    function make(_, options) {
      const { workerData } = options as { readonly workerData: { readonly thread: number } }
      asked.push(workerData.thread)
      return standIn as unknown as Worker
    },
  )
  vi.spyOn(Atomics, 'wait').mockImplementation(() => {
    throw new TypeError('not on the main thread')
  })
  const threads = new Threads(machine.heap)
  void threads.workersFor('many', 1000)
  await vi.waitFor(() => expect(asked).toHaveLength(threads.made))
  await threads.stop()
  expect(threads.mainTakesPart).toBe(false)
  expect(Math.max(...asked)).toBe(layout.threads)
  expect(layout.tables + (layout.threads + 1) * layout.tableWords).toBeLessThanOrEqual(layout.entries)
})

test('workers are ended with the last attention', async () => {
  const attention = await createAttention(programOf('slowly'), { threads: 2 })
  await shared(attention)
  const ended = new Promise((resolve) => workers[0]?.once('exit', resolve))
  attention.destroy()
  leaveMachine(machine)
  expect(await ended).toBe(1)
  machine = takeMachine()
})
