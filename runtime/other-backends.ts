/** Backends that a program was not compiled for, or not for alone; loaded where one is wanted. */
import type { Attention, Backend } from './attention.ts'
import { backendNames } from './contract/backends.ts'
import { AttentionError, messageOf } from './errors.ts'
import { loadPackage } from './load.ts'
import type { Program } from './program.ts'
import type { Opening } from './projection/lazy.ts'
import { openWebgpu } from './webgpu/open.ts'

/** Said once per process and attention. */
const warned = new Set<string>()

/** On a backend that is asked for by name. */
export async function open(program: Program, backend: Backend, options: Opening): Promise<Attention> {
  switch (backend) {
    case 'webgpu':
      return openWebgpu(await compiledFor(program, backend), options)
    case 'gpujs': {
      if (options.device !== undefined) {
        throw new AttentionError(
          'backend',
          `${program.name} would run on gpu.js, which takes no GPUDevice. Leave out device, or ask for the backend webgpu.`,
        )
      }
      const { GpujsAttention } = await import('./gpujs/gpujs-attention.ts')
      return GpujsAttention.open(await compiledFor(program, backend), options)
    }
    case 'reference': {
      const { ReferenceAttention } = await import('./reference/reference-attention.ts')
      return ReferenceAttention.open(program, options)
    }
  }
}

/** On the first backend after the one that is missing. */
export async function fallBack(
  program: Program,
  absent: Backend,
  options: Opening,
  reason: AttentionError,
): Promise<Attention> {
  for (const backend of backendNames.slice(backendNames.indexOf(absent) + 1)) {
    // Where nothing else runs, what is worth knowing is why there is no device.
    const attention = await open(program, backend, options).catch(() => undefined)
    if (attention === undefined) continue
    if (!warned.has(program.name)) {
      warned.add(program.name)
      const where = backend === 'reference' ? 'the CPU in float64, which is slow' : attention.device
      // oxlint-disable-next-line no-console -- the interface promises it
      console.warn(`attnc: ${program.name} runs on ${where}. ${reason.message}`)
    }
    return attention
  }
  throw reason
}

/** As much of the attnc package as is asked of it. */
interface Compiler {
  readonly compile: (
    source: string,
    options: { readonly target: Program['target']; readonly only: string },
  ) => {
    readonly modules: readonly { readonly program: Program }[]
    readonly diagnostics: readonly { readonly message: string }[]
  }
}

/** Another target's kernels lie beside the module; those of a text alone are made by the attnc package. */
async function compiledFor(program: Program, target: Program['target']): Promise<Program> {
  const { name, source } = program
  if (program.target === target) return program
  let reason: string | undefined
  try {
    const beside = await program.alternatives?.[target]?.()
    if (beside?.program !== undefined) return beside.program
    const { compile } = (await loadPackage('attnc')) as Compiler
    const { modules, diagnostics } = compile(source, { target, only: name })
    const [compiled] = modules
    if (compiled?.program.format === program.format) return compiled.program
    reason = diagnostics[0]?.message
  } catch (thrown) {
    reason = messageOf(thrown)
  }
  throw new AttentionError(
    'backend',
    `${name} was compiled for ${program.target}, not for ${target}, and cannot be compiled here ` +
      `(${reason ?? 'its text declares another attention'}). Compile it with --target ${target}.`,
  )
}
