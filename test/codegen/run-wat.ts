/** Runs a kernel of one thread as WebAssembly, as `runtime/contract/kernel-table.ts` says. */
import { setFlagsFromString } from 'node:v8'
import { assemble } from '../../compiler/targets/wasm/assemble.ts'
import { wat } from '../../compiler/targets/wasm/print.ts'
import { verify } from '../../compiler/kernel/verify.ts'
import type { Kernel } from '../../compiler/kernel/kernel.ts'
import { alignment, memoryImport, memoryPages, tableWords } from '../../runtime/contract/kernel-table.ts'
import { shapeFields } from '../../runtime/contract/shape.ts'
import type { ShapeField } from '../../runtime/contract/shape.ts'
import type { WasmVariant } from '../../runtime/program.ts'

// Node.js 20 has it behind a flag, later ones have it on.
setFlagsFromString('--experimental-wasm-relaxed-simd')

type Contents = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>

/** Where the first buffer lies: what a kernel wrongly reads in front of it is not zero. */
const base = 4096

/** The buffers after workgroups 0 … count − 1; those given stay as they are. */
export function runWat(
  kernel: Kernel,
  buffers: Readonly<Record<string, Contents>>,
  shape: Readonly<Record<ShapeField, number>>,
  count: number,
  variant: WasmVariant = 'plain',
): Record<string, Contents> {
  const { code, bindings, workgroupBytes } = wat(verify(kernel))
  const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment
  let end = base
  const place = (bytes: number): number => {
    const start = end
    end = aligned(end + bytes)
    return start
  }
  const places = bindings.map(({ name }) => place(buffers[name]!.byteLength))
  const scratch = place(workgroupBytes)
  const table = place(4 * tableWords(bindings.length))
  const memory = new WebAssembly.Memory({ initial: Math.ceil(end / 65536), maximum: memoryPages })
  new Uint8Array(memory.buffer).fill(0x7f)
  bindings.forEach(({ name }, index) => {
    const contents = buffers[name]!
    new Uint8Array(memory.buffer, places[index], contents.byteLength).set(
      new Uint8Array(contents.buffer, contents.byteOffset, contents.byteLength),
    )
  })
  const words = bindings.flatMap(({ name }, index) => [places[index]!, buffers[name]!.length])
  new Uint32Array(memory.buffer, table).set([...words, ...shapeFields.map((field) => shape[field]), scratch])

  const module = new WebAssembly.Module(Buffer.from(assemble([code])[variant](), 'hex'))
  const { exports } = new WebAssembly.Instance(module, {
    [memoryImport.module]: { [memoryImport.name]: memory },
  })
  ;(exports[kernel.name] as (first: number, end: number, table: number) => void)(0, count, table)
  return Object.fromEntries(
    bindings.map(({ name }, index) => {
      const { length, constructor } = buffers[name]!
      return [
        name,
        new (constructor as Float32ArrayConstructor)(memory.buffer.slice(0), places[index], length).slice(),
      ]
    }),
  )
}
