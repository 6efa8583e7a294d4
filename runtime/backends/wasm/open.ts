/** An attention on WebAssembly. */
import { AttentionError } from '../../errors.ts'
import type { Open } from '../backend.ts'

/** Opens a program for wasm, without a device of the caller's. */
export const open: Open = async ({ name }) => {
  throw new AttentionError('no-wasm', `${name} has no kernels for WebAssembly.`)
}
