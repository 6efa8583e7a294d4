import type { Io } from './io.ts'

/** The one document of a command with `--json`. */
export function printJson(io: Io, document: unknown): void {
  io.out.write(`${JSON.stringify(document, replacer, 2)}\n`)
}

/** JSON has no NaN and no infinity, and `null` would hide which it was. */
function replacer(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}
