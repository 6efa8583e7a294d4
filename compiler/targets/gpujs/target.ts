/** gpu.js, which runs on WebGL 2 and on WebAssembly: passes of cells, as functions of JavaScript. */
import { invariant } from '../../diagnostics/invariant.ts'
import { asKernel } from '../../kernel/cell.ts'
import { cellKernels } from '../../kernel/cells/lower.ts'
import { cellPlanner } from '../../schedule/cells/planner.ts'
import { inCells } from '../../symbolic/index-arithmetic.ts'
import { compact } from '../compact.ts'
import type { Target } from '../target.ts'
import { gpujs as print } from './print.ts'

/** The record of the target gpujs. */
export const gpujs: Target = {
  name: 'gpujs',
  exact: inCells,
  unsupported: ({ steps }) => {
    if (steps.some(({ kind }) => kind === 'near')) return 'buckets (the target gpujs has no sort)'
    const recurs = steps.some(({ kind }) => kind === 'recur')
    return recurs ? 'a state that tokens change (the target gpujs takes no rows in order)' : undefined
  },
  planner: cellPlanner,
  lower: (schedule) => {
    const kernels = cellKernels(schedule)
    invariant(kernels !== undefined, 'passes for gpujs are equations')
    return kernels.map((cell) => ({ kernel: asKernel(cell), spell: () => print(cell) }))
  },
  count: (pass) => {
    invariant(pass.kind === 'equation', 'passes for gpujs are equations')
    return { extent: pass.extent }
  },
  language: {
    extension: 'js',
    title: 'functions of gpu.js',
    texts: 'functions',
    carried: compact,
    loadsLater: false,
    library: 'gpu.js',
  },
  // Loaded only where it is asked for: whoever compiles in a browser needs no GLSL.
  readable: async (program) => (await import('./glsl.ts')).glslFiles(program),
}
