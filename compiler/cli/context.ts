import type { Command } from 'commander'
import type { Io } from './io.ts'

/** What a command is registered with. */
export interface Context {
  readonly program: Command
  readonly io: Io
  /** Sets the exit status of a command that ends without throwing; otherwise it is 0. */
  readonly conclude: (status: number) => void
}
