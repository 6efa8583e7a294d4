/**
 * The command line as a function: words in, text out through `io`, and the exit
 * status returned. Commands throw what went wrong; here it is put into words,
 * once for all of them.
 */
import { Command, CommanderError } from 'commander'
import { addCommands } from './commands/index.ts'
import { reportFiles } from './diagnostics.ts'
import { CommandFailure, SpecFailure, status } from './failure.ts'
import { type Io, painter } from './io.ts'
import { printJson } from './json.ts'
import { version } from './package.ts'

/** Ours, and none of the statuses that a caller may expect. */
const internalError = 70

export async function main(args: readonly string[], io: Io): Promise<number> {
  const json = args.includes('--json')
  let concluded: number = status.done
  const program = new Command('attnc')
    .description(
      'Compiles attention mechanisms, written as the papers write them, to kernels for WebGPU, WebAssembly and gpu.js.',
    )
    .version(version())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out.write(text),
      writeErr: (text) => io.err.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('(--help shows how it is used)')
    .addHelpText(
      'after',
      '\nExample:\n  $ attnc run specs/performer.attn\n\nExit status: 0 done, 1 the spec is wrong or a result is, 2 the command line is wrong, 3 no usable device',
    )
  const context = { program, io, conclude: (result: number) => void (concluded = result) }
  try {
    await addCommands(context, args)
    await program.parseAsync(args, { from: 'user' })
    return concluded
  } catch (error) {
    return describe(error, io, json)
  }
}

function describe(error: unknown, io: Io, json: boolean): number {
  if (error instanceof CommanderError) {
    // Commander has said it already; help and version that were asked for are no failure.
    if (error.exitCode === 0) return status.done
    if (json) printJson(io, { error: { message: error.message.replace(/^error: /, '') } })
    return status.usage
  }
  if (error instanceof SpecFailure) {
    reportFiles(io, error.files, json)
    return status.spec
  }
  const paint = painter(io.err, io.env)
  if (error instanceof CommandFailure) {
    const { message, help } = error
    io.err.write(`${paint('red', 'error:')} ${message}\n`)
    if (help !== undefined) io.err.write(`${paint('bold', 'help:')} ${help}\n`)
    if (json) printJson(io, { error: help === undefined ? { message } : { message, help } })
    return error.status
  }
  const failure = error instanceof Error ? error : new Error(String(error))
  const message = `${failure.name}: ${failure.message}`.split('\n', 1)[0] ?? ''
  io.err.write(
    `${paint('red', 'internal error:')} ${message}\nThis is a defect of attnc: please report it with the file and the command (ATTNC_DEBUG=1 shows where it happened).\n`,
  )
  if (io.env['ATTNC_DEBUG'] || io.env['DEBUG']) io.err.write(`${failure.stack ?? ''}\n`)
  if (json) printJson(io, { error: { message, internal: true } })
  return internalError
}
