/** Relaxed SIMD in Node.js 20, whose V8 has it behind a flag; later versions have it anyway. */
import { builtin } from '../../../node/builtin.ts'

/** Sets the flag for the modules that are compiled from now on. Whoever plays Node.js may not know it. */
export function allowRelaxedSimd(): void {
  try {
    builtin('node:v8').setFlagsFromString('--experimental-wasm-relaxed-simd')
  } catch {
    // The plain kernels do as well.
  }
}
