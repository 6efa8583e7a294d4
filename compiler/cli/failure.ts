/** How a command ends when it cannot do what it was asked. */
import type { Diagnostic, Source } from '../diagnostics/diagnostic.ts'

/** The exit statuses of every command. */
export const status = {
  done: 0,
  /** The spec is wrong, or a property was refuted. */
  spec: 1,
  /** The command line is wrong, or names what cannot be read or written. */
  usage: 2,
  /** No usable device, or the device failed. */
  device: 3,
} as const
export type Status = (typeof status)[keyof typeof status]

/** Something a person can mend: what was expected, what came, and what to try. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly status: Status
  readonly help: string | undefined

  constructor(failed: Status, message: string, help?: string) {
    super(message)
    this.status = failed
    this.help = help
  }
}

/** The file has errors; they are all here, and warnings with them. */
export class SpecFailure extends Error {
  override readonly name = 'SpecFailure'
  readonly files: readonly Checked[]

  constructor(files: readonly Checked[]) {
    super('the spec has errors')
    this.files = files
  }
}

export interface Checked {
  readonly source: Source
  readonly diagnostics: readonly Diagnostic[]
}

export function usage(message: string, help?: string): CommandFailure {
  return new CommandFailure(status.usage, message, help)
}
