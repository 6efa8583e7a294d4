/**
 * The GLSL that gpu.js makes of kernels, without a WebGL context: it is built
 * for one that does nothing and keeps the text that it is given.
 */
import { AttentionError } from '../../errors.ts'
import { loadPackage } from '../../load.ts'
import type { Program } from '../../program.ts'
import { kernelSettings } from './cell-kernel.ts'

/** A kernel of gpu.js for WebGL 2, before it is wrapped into a function. */
interface ShaderKernel {
  build(...inputs: readonly unknown[]): void
}

type ShaderKernelConstructor = new (
  source: string,
  settings: Readonly<Record<string, unknown>>,
) => ShaderKernel

/**
 * Fragment shaders by kernel name, as WebGL 2 is given them.
 *
 * @throws AttentionError `no-gpujs`
 */
export async function shadersOf({ kernels }: Program): Promise<Readonly<Record<string, string>>> {
  const ShaderKernel = await loadShaderKernel()
  return Object.fromEntries(
    Object.entries(kernels).map(([name, { code, bindings, integers = [] }]) => {
      const parameters = { buffers: bindings.length - 1, integers: integers.length }
      return [name, shaderOf(ShaderKernel, code, parameters)]
    }),
  )
}

async function loadShaderKernel(): Promise<ShaderKernelConstructor> {
  const found = await loadPackage('gpu.js').catch((cause: unknown) => {
    throw new AttentionError(
      'no-gpujs',
      'No GLSL was written: the package gpu.js makes it. Try `npm install gpu.js`.',
      {
        cause,
      },
    )
  })
  const { WebGL2Kernel } = found as { readonly WebGL2Kernel: ShaderKernelConstructor }
  return WebGL2Kernel
}

function shaderOf(
  ShaderKernel: ShaderKernelConstructor,
  code: string,
  parameters: { readonly buffers: number; readonly integers: number },
): string {
  const { context, shaders } = recorder()
  const kernel = new ShaderKernel(code, {
    ...kernelSettings(parameters, 'ArrayTexture(1)'),
    context,
    canvas: {},
    validate: false,
  })
  const texture = { type: 'ArrayTexture(1)', texture: {}, size: [1, 1], dimensions: [1, 1, 1], context }
  kernel.build(
    ...Array.from({ length: parameters.buffers }, () => texture),
    ...Array.from({ length: parameters.integers }, () => 1),
  )
  return shaders.get('FRAGMENT_SHADER') ?? ''
}

/** A context whose constants are their own names and whose functions do nothing, but for the text of shaders. */
function recorder(): { readonly context: object; readonly shaders: ReadonlyMap<string, string> } {
  const shaders = new Map<string, string>()
  const does: Readonly<Record<string, unknown>> = {
    createShader: (type: string) => ({ type }),
    shaderSource: ({ type }: { readonly type: string }, text: string) => shaders.set(type, text),
  }
  const context = new Proxy(does, {
    get: (_, name) => does[String(name)] ?? (/^[A-Z0-9_]+$/.test(String(name)) ? name : () => ({})),
  })
  return { context, shaders }
}
