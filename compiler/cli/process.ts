/** This process as a command sees it. */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { isatty } from 'node:tty'
import type { Io, Sink } from './io.ts'

export function processIo(): Io {
  return {
    out: sinkOf(process.stdout),
    err: sinkOf(process.stderr),
    input: () => readFileSync(0),
    env: process.env,
    directory: process.cwd(),
    ...(isatty(0) && isatty(2) && { ask }),
  }
}

/** Whoever closes the input, or presses Ctrl-C, has not agreed. */
function ask(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  return new Promise((resolve) => {
    lines.once('close', () => resolve(false))
    lines.question(`${question} [y/N] `, (answer) => {
      resolve(/^\s*y(es)?\s*$/i.test(answer))
      lines.close()
    })
  })
}

/** Resolves when all that was written has left, or cannot leave any more. */
export async function flushed(): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map(
      (stream) =>
        new Promise<void>((resolve) => (stream.destroyed ? resolve() : stream.write('', () => resolve()))),
    ),
  )
}

function sinkOf(stream: NodeJS.WriteStream & { readonly fd: number }): Sink {
  // Whoever read may have gone (`attnc explain … | head`). The work and its exit status stand all the same.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error
  })
  return { write: (text) => void stream.write(text), terminal: isatty(stream.fd) }
}
