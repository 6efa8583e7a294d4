/** Texts that a target makes of its kernels for people, as files to lay beside them. */
import { isAttentionError } from '../../runtime/errors.ts'
import type { OutputFile } from '../codegen/module.ts'
import type { CompiledAttention } from '../index.ts'
import { targetNamed } from '../targets/index.ts'
import type { Io } from './io.ts'

/** None, and a note on standard error, where the package that makes them is not installed. */
export async function readableFiles(io: Io, { name, program }: CompiledAttention): Promise<OutputFile[]> {
  try {
    const texts = (await targetNamed(program.target).readable?.(program)) ?? {}
    return Object.entries(texts).map(([file, text]) => ({ path: `${name}/${file}`, text }))
  } catch (error) {
    if (!isAttentionError(error)) throw error
    io.err.write(`note: ${error.message}\n`)
    return []
  }
}
