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
import { add, div, if_, let_, lt, mod, mul, name, ref, store, thread, workgroup } from './build.ts'
import type { Binding, Kernel, Statement, Value } from './kernel.ts'

/**
 * The kernel of one cell: the buffers that it reads, the box of cells, and the number that each cell
 * computes.
 */
export interface CellKernel {
  /** An identifier in JavaScript, WGSL and GLSL. */
  readonly name: string
  /** The meaning of a cell, for the reader of the printed kernel. */
  readonly summary: string
  /** In the order of the function's parameters; all only read. */
  readonly inputs: readonly Binding[]
  /** Width, height and depth: u32, in constants and shape fields. */
  readonly extent: readonly [Value, Value, Value]
  readonly body: readonly Statement[]
  /** The cell's number, of the element type of the buffer that is written; it sees the names of the body. */
  readonly result: Value
  /** The entry that it is written to, where cells are not written in their order; only on devices that scatter. */
  readonly place?: Value
}

/** The coordinates of a thread's cell. */
export const cell = { x: name('x', 'u32'), y: name('y', 'u32'), z: name('z', 'u32') } as const

/** The default output buffer of a cell kernel that becomes a kernel of workgroups. */
export const cellOutput: Binding = { name: 'cells', element: 'f32', access: 'read_write' }

/** Threads of a workgroup over cells: as many as fill a wave of any GPU. */
const threads = 64

/** Turns a cell kernel into a kernel of workgroups: one thread for each cell, `x` fastest. */
export function asKernel(
  { name, summary, inputs, extent, body, result, place }: CellKernel,
  output: Binding = cellOutput,
): Kernel {
  const [width, height, depth] = extent
  const total = mul(width, height, depth)
  const number = let_('number', add(mul(workgroup, threads), thread))
  return {
    name,
    summary,
    workgroupSize: threads,
    count: div(add(total, threads - 1), threads),
    bindings: [...inputs.filter((input) => input.name !== output.name), output],
    shared: [],
    body: [
      number,
      if_(lt(ref(number), total), [
        let_('x', mod(ref(number), width)),
        let_('y', mod(div(ref(number), width), height)),
        let_('z', div(ref(number), mul(width, height))),
        ...body,
        store(output, place ?? ref(number), result),
      ]),
    ],
  }
}
