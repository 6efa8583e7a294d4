/** An attention on WebAssembly. */
import type { Open } from '../backend.ts'
import { refusal } from './variant.ts'
import { WasmAttention } from './wasm-attention.ts'

/** Opens a program for wasm, without a device of the caller's. */
export const open: Open = async (program, options) => {
  const { device, drawing, projection } = options
  if (device !== undefined) throw (await refusal()).takesNoDevice(program.name)
  const fitting = drawing?.programFor?.(program, projection === undefined ? 'drawn' : 'given') ?? program
  return WasmAttention.open(fitting, options)
}
