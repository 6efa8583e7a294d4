/** Kernels of a program as a module of WebAssembly: compiled once, however many attentions run them. */
import { memoryImport } from '../../contract/kernel-table.ts'
import type { Assembled, WasmVariant } from '../../program.ts'
import type { KernelFunction } from './take-part.ts'
import { refusal } from './variant.ts'

/** A module, for memories that are shared between threads, or for such as are not. */
export interface Compiled {
  readonly variant: WasmVariant
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly module: WebAssembly.Module
}

/** What runs in one memory. */
export interface Kernels {
  readonly variant: WasmVariant
  readonly module: WebAssembly.Module
  /** Of the module, which workers compile anew. */
  readonly bytes: Uint8Array
  /** In the order of the module's exports. */
  readonly functions: readonly KernelFunction[]
  /** Where each is among them, by its name. */
  readonly places: ReadonlyMap<string, number>
}

const compiled = new WeakMap<Assembled, Promise<Compiled>>()

/**
 * Compiles kernels of a program.
 *
 * @param name of the program, for messages
 * @param variant that fits: the same for all calls
 * @param shared whether they work in memory that threads share: the same for all calls
 * @throws AttentionError `kernel`, `program`
 */
export async function compileKernels(
  name: string,
  assembled: Assembled,
  variant: WasmVariant,
  shared: boolean,
): Promise<Compiled> {
  let pending = compiled.get(assembled)
  if (pending === undefined) {
    pending = compile(name, assembled, variant, shared)
    compiled.set(assembled, pending)
    // A failure may have been the moment's: the next to ask tries again.
    pending.catch(() => compiled.delete(assembled))
  }
  return pending
}

async function compile(
  name: string,
  assembled: Assembled,
  variant: WasmVariant,
  shared: boolean,
): Promise<Compiled> {
  const { bytes: text } = await assembled[variant]()
  const bytes = Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  if (shared && !shareMemory(bytes)) throw (await refusal()).withoutMemory()
  try {
    return { variant, bytes, module: await WebAssembly.compile(bytes) }
  } catch (cause) {
    throw (await refusal()).refusedKernels(name, variant, cause)
  }
}

/** Kernels that work in a memory. */
export async function kernelsIn(
  memory: WebAssembly.Memory,
  { variant, bytes, module }: Compiled,
): Promise<Kernels> {
  const instance = await WebAssembly.instantiate(module, {
    [memoryImport.module]: { [memoryImport.name]: memory },
  })
  const names = Object.keys(instance.exports)
  return {
    variant,
    module,
    bytes,
    functions: Object.values(instance.exports) as unknown as KernelFunction[],
    places: new Map(names.map((name, place) => [name, place])),
  }
}

/** Turns the flags of the imported memory's limits from "has a maximum" to "has one and is shared", where there is such a memory. */
function shareMemory(bytes: Uint8Array): boolean {
  const letters = (text: string): number[] => [text.length, ...Array.from(text, (one) => one.charCodeAt(0))]
  const wanted = [...letters(memoryImport.module), ...letters(memoryImport.name), 2, 1]
  const start = bytes.findIndex((_, index) => wanted.every((byte, after) => bytes[index + after] === byte))
  bytes[start + wanted.length - 1] = 3
  return start >= 0
}
