/**
 * How kernels of the target wasm are called. All kernels of a program are exports of one module, which imports the
 * memory that they work in. A kernel is a function (first, end, table) of i32, without a result: it runs the workgroups
 * first … end − 1, in order. `table` is the byte address of u32 words, which only the caller writes:
 *
 * - for each binding, in order, the byte address of its buffer and the number of its elements
 * - the sizes of the call, in the order of `shapeFields`
 * - the byte address of `KernelSource.workgroupBytes` bytes for this thread alone, whose contents are arbitrary
 *
 * Buffers and that scratch begin at multiples of `alignment`; a buffer of no elements has an address all the same.
 */
import type { ShapeField } from './shape.ts'
import { shapeFields } from './shape.ts'

/**
 * The import of the memory. A module declares it as `(memory 1 65536)`, unshared; where threads work in it, the runtime
 * turns the flags of these limits from 0x01 to 0x03 before it compiles the module.
 */
export const memoryImport = { module: 'attnc', name: 'memory' } as const

/** Pages of the memory at the most, as a module declares it: all that 32 bits reach. */
export const memoryPages = 65536

/** Bytes whose multiples are the addresses of buffers and of scratch: those of a vector. */
export const alignment = 16

/** The word with the byte address of a binding's buffer. */
export const addressWord = (binding: number): number => 2 * binding

/** The word with the number of elements of a binding's buffer. */
export const elementsWord = (binding: number): number => 2 * binding + 1

/** The word with a size of the call, of a kernel with so many bindings. */
export const shapeWord = (bindings: number, field: ShapeField): number =>
  2 * bindings + shapeFields.indexOf(field)

/** The word with the byte address of the thread's scratch, of a kernel with so many bindings. */
export const scratchWord = (bindings: number): number => 2 * bindings + shapeFields.length

/** Words of the table, of a kernel with so many bindings. */
export const tableWords = (bindings: number): number => scratchWord(bindings) + 1
