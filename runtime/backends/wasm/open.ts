/** An attention on WebAssembly. */
import { AttentionError } from '../../errors.ts'
import type { Open } from '../backend.ts'
import { WasmAttention } from './wasm-attention.ts'

/** Opens a program for wasm, without a device of the caller's. */
export const open: Open = async (program, options) => {
  const { device, drawing, projection } = options
  if (device !== undefined)
    throw new AttentionError(
      'backend',
      `${program.name} would run on WebAssembly, which takes no GPUDevice. Leave out device, or ask for the backend webgpu.`,
    )
  const fitting = drawing?.programFor?.(program, projection === undefined ? 'drawn' : 'given') ?? program
  return WasmAttention.open(fitting, options)
}
