/** From a program to an attention that runs: on its own target, or on another that is loaded where it is wanted. */
import type { Attention, CreateOptions } from './attention.ts'
import type { Open } from './backends/backend.ts'
import type { BaseAttention } from './base-attention.ts'
import type { Program } from './program.ts'
import { loadDrawing } from './projection/lazy.ts'

/**
 * Makes a compiled attention ready to run: finds a device, compiles the kernels
 * of the forward pass and uploads projection and weights. Generated modules
 * call it with their own program.
 *
 * @param open the program's own backend, where the caller brings it; without it that is loaded as others are
 * @throws TypeError, RangeError for options that are not what they should be
 * @throws AttentionError with one of `MissingCode`, `device-lost`, `limit`, `kernel`, `weights`, `backend`, `program`
 */
export async function createAttention(
  program: Program,
  given?: CreateOptions,
  open?: Open,
): Promise<Attention> {
  if ((program as Partial<Program> | null)?.format !== 1)
    throw (await import('./arguments/no-program.ts')).noProgram(program)
  const stored =
    given === undefined
      ? undefined
      : (await import('./arguments/create-options.ts')).checkOptions(program, given)
  return stored ? stored(openOn, open) : openOn(program, given ?? {}, open)
}

async function openOn(program: Program, options: CreateOptions, open?: Open): Promise<BaseAttention> {
  const own =
    options.projection !== undefined ||
    options.weights !== undefined ||
    program.weights.length ||
    program.tensors
      ? (await import('./arguments/own-tensors.ts')).ownTensors(program, options)
      : undefined
  const opening = { ...options, drawing: await loadDrawing(program), ...own }
  const asked = options.backend ?? program.only ?? program.target
  try {
    if (open !== undefined && asked === program.target) return await open(program, opening)
    return await (await others()).open(program, asked, opening)
  } catch (thrown) {
    if (options.backend !== undefined || options.device !== undefined) throw thrown
    return (await others()).fallBack(program, asked, opening, thrown)
  }
}

const others = () => import('./backends/others.ts')
