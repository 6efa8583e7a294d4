/**
 * What a command sees of the world. Tests hand in strings to write to; the
 * program itself hands in the process.
 */

export interface Sink {
  readonly write: (text: string) => void
  /** A terminal, where colour and progress are welcome. */
  readonly terminal: boolean
}

export interface Io {
  /** Results, and with `--json` one document and nothing else. */
  readonly out: Sink
  /** Messages, progress, diagnostics. */
  readonly err: Sink
  readonly env: Readonly<Record<string, string | undefined>>
  /** All of standard input; waits for its end. */
  readonly input: () => Uint8Array
  /** Relative paths start here. */
  readonly directory: string
  /** Whether a person agrees; absent where nobody is there to be asked. */
  readonly ask?: (question: string) => Promise<boolean>
}

/** See no-color.org: the variable counts when it is not empty. */
export function colourful(sink: Sink, env: Io['env']): boolean {
  return sink.terminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}

type Colour = 'red' | 'green' | 'yellow' | 'dim' | 'bold'
const codes: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 }

export type Paint = (colour: Colour, text: string) => string

/** Colours text, or leaves it alone where colour is not welcome. */
export function painter(sink: Sink, env: Io['env']): Paint {
  if (!colourful(sink, env)) return (_colour, text) => text
  return (colour, text) => `\u001b[${codes[colour]}m${text}\u001b[0m`
}

/** One line that is written over, and removed in the end; silent unless on a terminal. */
export interface Progress {
  readonly say: (text: string) => void
  readonly done: () => void
}

export function progressOn(sink: Sink): Progress {
  if (!sink.terminal) return { say: () => {}, done: () => {} }
  const erase = '\r\u001b[2K'
  return { say: (text) => sink.write(`${erase}${text}`), done: () => sink.write(erase) }
}
