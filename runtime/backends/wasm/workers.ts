/** Workers of the platform, for the program that `take-part.ts` has as text. */
import { inNode } from '../../environment.ts'
import { layout } from './layout.ts'
import type { News } from './take-part.ts'
import { serve, takePart } from './take-part.ts'

/** A thread beside the main one. */
export interface WorkerThread {
  /** Resolves when it is gone. */
  readonly stop: () => Promise<unknown>
}

/** Who is told of one. */
export interface Listener {
  readonly hear: (news: News) => void
  /** It is gone, and was not stopped. */
  readonly lose: (reason: string) => void
}

/** Makes a worker that sleeps until there is something to do, and keeps no process alive. */
export async function startWorker(
  memory: WebAssembly.Memory,
  thread: number,
  listener: Listener,
): Promise<WorkerThread> {
  const program = (data: string, say: string): string =>
    `(${serve.toString()})(${JSON.stringify(layout)},${takePart.toString()},${data}.memory,${data}.thread,${say})`
  if (inNode()) {
    const { startNodeWorker } = await import('./node/worker.ts')
    return startNodeWorker(program, { memory, thread }, listener)
  }
  const url = URL.createObjectURL(
    new Blob([`onmessage=({data})=>{${program('data', '(news)=>postMessage(news)')}}`], {
      type: 'text/javascript',
    }),
  )
  const worker = new Worker(url, { name: 'attnc' })
  worker.addEventListener('message', ({ data }: MessageEvent<News>) => listener.hear(data))
  worker.addEventListener('error', ({ message }: Partial<ErrorEvent>) => {
    worker.terminate()
    // What a policy forbids is an error without a message.
    listener.lose(message ?? "a page's policy forbids it, which allows it by blob: in worker-src")
  })
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has none
  worker.postMessage({ memory, thread })
  return { stop: async () => worker.terminate() }
}
