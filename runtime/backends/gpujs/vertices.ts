/**
 * gpu.js tells WebGL of the corners that it draws when it builds a kernel, and
 * draws what the context was told last. That goes with the kernel that told it,
 * and all others would draw nothing from then on; so each gets corners of its own.
 */
import type { Cells, Gpu } from './library.ts'

export const withOwnVertices = (gpu: Gpu, context: WebGL2RenderingContext): Gpu => ({
  createKernel(source, settings) {
    const kernel = gpu.createKernel(source, settings)
    const vertices = context.createVertexArray()
    const run = (...inputs: readonly (Cells | number)[]): unknown => {
      context.bindVertexArray(vertices)
      return kernel(...inputs)
    }
    return Object.assign(run, {
      setOutput: (output: readonly number[]) => kernel.setOutput(output),
      destroy: () => {
        kernel.destroy()
        context.deleteVertexArray(vertices)
      },
    })
  },
})
