/** Threads of Node.js, and of whoever plays it. */
import { builtin } from '../../../node/builtin.ts'
import type { Listener, WorkerThread } from '../workers.ts'

/** A worker that runs a text, and does not keep the process alive. */
export function startNodeWorker(
  /** The text, by how it calls its data and what it says something with. */
  program: (data: string, say: string) => string,
  data: object,
  { hear, lose }: Listener,
): WorkerThread {
  const { Worker } = builtin('node:worker_threads')
  const text = `const { workerData, parentPort } = require('node:worker_threads');
${program('workerData', '(news) => parentPort.postMessage(news)')}`
  const worker = new Worker(text, { eval: true, workerData: data, name: 'attnc' })
  let stopped = false
  let reason = ''
  worker.on('message', hear)
  worker.on('error', (thrown) => (reason = String(thrown)))
  worker.on('exit', (code) => {
    if (!stopped) lose(reason || `it left with code ${code}`)
  })
  worker.unref()
  return {
    stop: () => {
      stopped = true
      return worker.terminate()
    },
  }
}
