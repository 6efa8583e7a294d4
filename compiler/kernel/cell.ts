/**
 * A kernel for devices that have neither workgroup memory nor scatter, such as
 * fragment shaders: each thread computes one number, from buffers that are only
 * read.
 *
 * The threads are laid over a box of `extent` cells; `x` runs fastest. The
 * thread of cell (x, y, z) computes entry (z·height + y)·width + x of what is
 * written. `body` sees its cell as the u32 names `x`, `y` and `z`, declares and
 * assigns names, loops and branches; it neither stores nor meets a barrier, and
 * has no vectors and no registers. Inputs may not be what is written: a buffer that
 * is read and written is two, the one before and the one after.
 */
import { div, let_, mod, mul, name, store, workgroup } from './build.ts'
import type { Binding, Kernel, Statement, Value } from './kernel.ts'

export interface CellKernel {
  /** An identifier in JavaScript, WGSL and GLSL. */
  readonly name: string
  /** What a cell is, for the reader of the printed kernel. */
  readonly summary: string
  /** In the order of the function's parameters; all only read. */
  readonly inputs: readonly Binding[]
  /** Width, height and depth: u32, in constants and shape fields. */
  readonly extent: readonly [Value, Value, Value]
  readonly body: readonly Statement[]
  /** The cell's number, an f32 that sees the names of the body. */
  readonly result: Value
}

/** The coordinates of a thread's cell. */
export const cell = { x: name('x', 'u32'), y: name('y', 'u32'), z: name('z', 'u32') } as const

/** What a cell kernel writes, once it is a kernel among others. */
export const cellOutput: Binding = { name: 'cells', element: 'f32', access: 'read_write' }

/** The same as a kernel of workgroups of one thread, to be checked and interpreted. */
export function asKernel({ name, summary, inputs, extent, body, result }: CellKernel): Kernel {
  const [width, height, depth] = extent
  return {
    name,
    summary,
    workgroupSize: 1,
    count: mul(width, height, depth),
    bindings: [...inputs, cellOutput],
    shared: [],
    body: [
      let_('x', mod(workgroup, width)),
      let_('y', mod(div(workgroup, width), height)),
      let_('z', div(workgroup, mul(width, height))),
      ...body,
      store(cellOutput, workgroup, result),
    ],
  }
}
